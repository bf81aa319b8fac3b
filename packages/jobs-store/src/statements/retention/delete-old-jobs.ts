/** Forgets jobs that are over and cleaned up, with their events, pods and tasks. */
import type { Queryable } from "../../queryable.ts";
import type { PurgeArgs } from "./purge-args.ts";

const SQL = `
DELETE FROM reservations WHERE reservation_id IN (
  SELECT reservation_id FROM reservations
  WHERE cleaned_at IS NOT NULL
    AND reservation_ended < now() - make_interval(days => $1::integer)
  ORDER BY reservation_ended LIMIT $2::integer
  FOR UPDATE SKIP LOCKED
)`;

/** @returns how many jobs are gone. */
export async function deleteOldJobs(
  db: Queryable,
  { olderThanDays, limit }: PurgeArgs,
): Promise<number> {
  return (await db.query(SQL, [olderThanDays, limit])).rowCount ?? 0;
}
