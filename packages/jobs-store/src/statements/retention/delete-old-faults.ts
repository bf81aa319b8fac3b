/** Forgets how often orders went wrong that are gone by now. */
import type { Queryable } from "../../queryable.ts";
import type { PurgeArgs } from "./purge-args.ts";

const SQL = `
DELETE FROM order_faults WHERE (queue, msg_id) IN (
  SELECT queue, msg_id FROM order_faults
  WHERE last_at < now() - make_interval(days => $1::integer)
  ORDER BY last_at LIMIT $2::integer
)`;

/** Only the processor's role may. @returns how many rows are gone. */
export async function deleteOldFaults(
  db: Queryable,
  { olderThanDays, limit }: PurgeArgs,
): Promise<number> {
  return (await db.query(SQL, [olderThanDays, limit])).rowCount ?? 0;
}
