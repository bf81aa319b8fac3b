/** Forgets orders that were carried out: PGMQ keeps them in an archive, for ever if it is let. */
import type { Queryable } from "../../queryable.ts";
import type { PurgeArgs } from "./purge-args.ts";

/** The settings let no queue have another name. */
const QUEUE = /^[a-zA-Z0-9_]{1,47}$/;

/** @returns how many orders are gone. @throws Error for what is no name of a queue. */
export async function deleteOldArchive(
  db: Queryable,
  { queue, olderThanDays, limit }: PurgeArgs & { readonly queue: string },
): Promise<number> {
  if (!QUEUE.test(queue)) throw new Error("no name of a queue");
  const table = `pgmq."a_${queue.toLowerCase()}"`;
  const text = `
DELETE FROM ${table} WHERE msg_id = ANY (ARRAY(
  SELECT msg_id FROM ${table} WHERE archived_at < now() - make_interval(days => $1::integer)
  ORDER BY archived_at LIMIT $2::integer
))`;
  return (await db.query(text, [olderThanDays, limit])).rowCount ?? 0;
}
