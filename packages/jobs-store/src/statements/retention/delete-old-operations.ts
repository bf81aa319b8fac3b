/** Forgets changes of disks that came to their end. */
import type { Queryable } from "../../queryable.ts";
import type { PurgeArgs } from "./purge-args.ts";

const SQL = `
DELETE FROM disk_operations WHERE operation_id IN (
  SELECT operation_id FROM disk_operations
  WHERE completed_at < now() - make_interval(days => $1::integer)
  ORDER BY completed_at LIMIT $2::integer
)`;

/** @returns how many operations are gone. */
export async function deleteOldOperations(
  db: Queryable,
  { olderThanDays, limit }: PurgeArgs,
): Promise<number> {
  return (await db.query(SQL, [olderThanDays, limit])).rowCount ?? 0;
}
