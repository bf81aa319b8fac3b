/** Whether a queue is there to be sent to. */
import type { Queryable } from "../../queryable.ts";

const SQL = `SELECT to_regclass(format('pgmq.%I', 'q_' || lower($1::text))) IS NOT NULL AS found`;

export async function queueExists(db: Queryable, queue: string): Promise<boolean> {
  return (await db.query<{ found: boolean }>(SQL, [queue])).rows[0]?.found === true;
}
