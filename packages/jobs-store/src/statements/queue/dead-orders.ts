/** Orders that could not be carried out: told, sent again, forgotten. */
import type { Queryable } from "../../queryable.ts";

export interface DeadOrderRow {
  readonly dead_id: string;
  readonly queue: string;
  readonly action: string | null;
  readonly job_id: string | null;
  readonly faults: number;
  readonly last_fault: string;
  readonly enqueued_at: Date;
  readonly died_at: Date;
}

const LIST = `
SELECT dead_id::text, queue, message ->> 'action' AS action, message ->> 'job_id' AS job_id, faults,
  last_fault, enqueued_at, died_at
FROM dead_orders WHERE dead_id > $1::bigint ORDER BY dead_id LIMIT $2::integer`;

/** @param after the `dead_id` to begin behind. @param limit undefined: all of them. */
export async function listDeadOrders(
  db: Queryable,
  { after = "0", limit }: { readonly after?: string; readonly limit?: number } = {},
): Promise<DeadOrderRow[]> {
  return (await db.query<DeadOrderRow>(LIST, [after, limit ?? null])).rows;
}

const REDRIVE = `
WITH taken AS (
  DELETE FROM dead_orders WHERE $1::bigint[] IS NULL OR dead_id = ANY ($1) RETURNING *
), forgiven AS (
  DELETE FROM order_faults USING taken
  WHERE order_faults.queue = taken.queue AND order_faults.msg_id = taken.msg_id
)
SELECT pgmq.send(queue::text, message) FROM taken`;

/**
 * @param ids undefined: all of them. What another one took at the same time is not sent twice.
 * @returns how many are on their queues again.
 */
export async function redriveDeadOrders(db: Queryable, ids?: readonly string[]): Promise<number> {
  return (await db.query(REDRIVE, [ids ?? null])).rowCount ?? 0;
}

const DROP = "DELETE FROM dead_orders WHERE $1::bigint[] IS NULL OR dead_id = ANY ($1)";

/** The same, for ever gone. */
export async function dropDeadOrders(db: Queryable, ids?: readonly string[]): Promise<number> {
  return (await db.query(DROP, [ids ?? null])).rowCount ?? 0;
}
