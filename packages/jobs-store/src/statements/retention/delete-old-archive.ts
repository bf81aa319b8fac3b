/** Forgets orders that were carried out: PGMQ keeps them in an archive, for ever if it is let. */
import type { Queryable } from "../../queryable.ts";
import { tablesOf } from "../queue/order-tables.ts";
import type { PurgeArgs } from "./purge-args.ts";

/** @returns how many orders are gone. @throws Error for what is no name of a queue. */
export async function deleteOldArchive(
  db: Queryable,
  { queue, olderThanDays, limit }: PurgeArgs & { readonly queue: string },
): Promise<number> {
  const { archive } = tablesOf(queue);
  const text = `
DELETE FROM ${archive} WHERE msg_id = ANY (ARRAY(
  SELECT msg_id FROM ${archive} WHERE archived_at < now() - make_interval(days => $1::integer)
  ORDER BY archived_at LIMIT $2::integer
))`;
  return (await db.query(text, [olderThanDays, limit])).rowCount ?? 0;
}
