/** Jobs whose ids begin alike, whosever they are. */
import type { Queryable } from "../../queryable.ts";
import { ADMIN_JOBS, type AdminJobRow } from "./admin-job-row.ts";

// no character of an id comes behind the tilde, and they are in bytes' order
const SQL = `${ADMIN_JOBS}
WHERE reservations.reservation_id >= $1 AND reservations.reservation_id < $1 || '~'
ORDER BY reservations.reservation_id LIMIT 2`;

/** @returns at most two: with two the prefix is ambiguous, unless the first is the whole id. */
export async function findAnyJobsByPrefix(db: Queryable, prefix: string): Promise<AdminJobRow[]> {
  return (await db.query<AdminJobRow>(SQL, [prefix])).rows;
}
