/** Puts an order on a queue, and has the bell rung once it is there. */

import type { Order } from "../../orders.ts";
import { prepared } from "../../prepared.ts";
import type { Transaction } from "../../transaction.ts";

export interface SendOrderArgs {
  readonly queue: string;
  readonly order: Order;
  /** Until it can be read. Default 0. */
  readonly delaySeconds?: number | undefined;
}

// PGMQ's functions are overloaded: each argument needs its type. Its own enable_notify_insert makes
// all senders of a queue wait for each other's COMMIT, and falls silent after a crash; so would
// pg_notify in here: it takes a lock of the whole server until the WAL is flushed
const SQL = prepared(
  "send_order",
  "SELECT pgmq.send($1::text, $2::jsonb, $3::integer)::text AS message_id",
);

/**
 * Must run in the transaction that writes the row the order is about.
 *
 * @returns the message's id, a 64-bit number in decimal.
 */
export async function sendOrder(
  transaction: Transaction,
  { queue, order, delaySeconds = 0 }: SendOrderArgs,
): Promise<string> {
  const values = [queue, JSON.stringify(order), delaySeconds];
  const { rows } = await transaction.query<{ message_id: string }>(SQL, values);
  // nothing is to be seen yet of what is delayed: who polls finds it in time
  if (delaySeconds === 0) transaction.ringAfterCommit(queue);
  return (rows[0] as { message_id: string }).message_id;
}
