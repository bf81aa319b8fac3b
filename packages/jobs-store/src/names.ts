/** The grammar of names, as the tables check it: for whoever answers a client before the database. */

/** Of a job: no character that means something in a pattern, a path or a shell. */
export const RESERVATION_ID = /^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/;

/** Of a pod (RFC 1123 label). */
export const POD_NAME = /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** Of a disk. */
export const DISK_NAME = /^[A-Za-z0-9_-]{1,63}$/;
