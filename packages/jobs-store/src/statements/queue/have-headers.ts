/** Whether messages of queues have headers: PGMQ has them since 1.5. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
SELECT bool_and(EXISTS (
  SELECT FROM pg_attribute
  WHERE attrelid = to_regclass(format('pgmq.%I', 'q_' || lower(queue)))
    AND attname = 'headers' AND NOT attisdropped
)) AS found FROM unnest($1::text[]) AS queue`;

/** @returns true when those of all these queues do. */
export async function haveHeaders(db: Queryable, queues: readonly string[]): Promise<boolean> {
  return (await db.query<{ found: boolean | null }>(SQL, [queues])).rows[0]?.found === true;
}
