/** Counts that an order could not be carried out; the last time it goes to the dead ones. */
import type { Queryable } from "../../queryable.ts";
import { tablesOf } from "./order-tables.ts";

export interface FaultOrderArgs {
  readonly queue: string;
  readonly messageId: string;
  readonly readCount: number;
  /** For operators; holds nothing of the message. */
  readonly fault: string;
  /** With so many faults it is dead. */
  readonly deadAt: number;
}

/** @returns undefined when somebody else holds it by now. */
export async function faultOrder(
  db: Queryable,
  { queue, messageId, readCount, fault, deadAt }: FaultOrderArgs,
): Promise<{ readonly faults: number; readonly isDead: boolean } | undefined> {
  const { waiting } = tablesOf(queue);
  const text = `
WITH held AS (
  SELECT msg_id, enqueued_at, message FROM ${waiting}
  WHERE msg_id = $2::bigint AND read_ct = $3::integer FOR UPDATE
), counted AS (
  INSERT INTO order_faults (queue, msg_id, last_fault) SELECT $1, msg_id, $4 FROM held
  ON CONFLICT (queue, msg_id) DO UPDATE SET faults = order_faults.faults + 1,
    last_fault = excluded.last_fault, last_at = now()
  RETURNING msg_id, faults
), dead AS (
  INSERT INTO dead_orders (queue, msg_id, message, faults, last_fault, enqueued_at)
  SELECT $1, msg_id, message, faults, $4, enqueued_at
  FROM held JOIN counted USING (msg_id) WHERE faults >= $5::integer
  ON CONFLICT (queue, msg_id) DO NOTHING
), buried AS (
  DELETE FROM ${waiting} waiting USING counted
  WHERE waiting.msg_id = counted.msg_id AND faults >= $5::integer
), later AS (
  UPDATE ${waiting} waiting SET vt = clock_timestamp() + power(2, faults) * interval '1 second'
  FROM counted WHERE waiting.msg_id = counted.msg_id AND faults < $5::integer
)
SELECT faults, faults >= $5::integer AS "isDead" FROM counted`;
  const values = [queue, messageId, readCount, fault, deadAt];
  return (await db.query<{ faults: number; isDead: boolean }>(text, values)).rows[0];
}
