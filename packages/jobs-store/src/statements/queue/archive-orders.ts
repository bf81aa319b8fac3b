/**
 * The fence around what orders change: in one statement with it they get into the archive, and one that
 * another reader holds by now is left alone.
 */
import type { Order } from "../../orders.ts";
import { tablesOf } from "./order-tables.ts";

export interface HeldOrder<Kind extends Order = Order> {
  readonly messageId: string;
  readonly readCount: number;
  readonly order: Kind;
  /** Of the request that sent it. */
  readonly traceId?: string | undefined;
}

/** The first six parameters of the statement. @param about the id of the row that an order is about. */
export const heldValues = <Kind extends Order>(
  queue: string,
  orders: readonly HeldOrder<Kind>[],
  about: (order: Kind) => string,
): unknown[] => [
  orders.map(({ messageId }) => messageId),
  orders.map(({ readCount }) => readCount),
  orders.map(({ order }) => about(order)),
  orders.map(({ order }) => order.order_id),
  orders.map(({ order }) => JSON.stringify(order.arguments)),
  queue,
];

/**
 * A statement that returns one row, `archived`: how many orders were held still.
 *
 * @param changes parts of its WITH, about `held (msg_id, read_ct, about, order_id, arguments)`.
 */
export function archiving(queue: string, changes?: string): string {
  const { waiting, archive } = tablesOf(queue);
  return `
WITH asked AS (
  SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::jsonb[])
    AS asked (msg_id, read_ct, about, order_id, arguments)
), held AS (
  SELECT asked.* FROM ${waiting} waiting JOIN asked USING (msg_id, read_ct)
  -- by the index, however long the queue is
  WHERE waiting.msg_id = ANY ($1::bigint[])
  ORDER BY msg_id FOR UPDATE OF waiting
)${changes === undefined ? "" : `, ${changes}`}, taken AS (
  DELETE FROM ${waiting} waiting USING held WHERE waiting.msg_id = held.msg_id
  RETURNING waiting.msg_id, waiting.vt, waiting.read_ct, waiting.enqueued_at,
    waiting.last_read_at, waiting.message, waiting.headers
), kept AS (
  INSERT INTO ${archive} (msg_id, vt, read_ct, enqueued_at, last_read_at, message, headers)
  SELECT * FROM taken
), forgiven AS (
  DELETE FROM order_faults USING held
  WHERE order_faults.queue = $6 AND order_faults.msg_id = held.msg_id
)
SELECT count(*)::integer AS archived FROM held`;
}
