/** The states of a disk's volume, as the database checks them. */

/**
 * - wanted: it is to be made
 * - copying: it is to be made of a snapshot
 * - ready: it is there, or will be as soon as a pod mounts it
 * - failed: what it was to be made of is not there
 * - deleting: the disk's day has come
 * - gone: nothing of it is left
 * - snapshotting: of a version that never was at work
 */
export type DiskState =
  | "wanted"
  | "copying"
  | "ready"
  | "failed"
  | "snapshotting"
  | "deleting"
  | "gone";
