/** Puts an order on a queue, and has the bell rung once it is there. */

import type { Order } from "../../orders.ts";
import { prepared } from "../../prepared.ts";
import type { Transaction } from "../../transaction.ts";
import { sending } from "./order-tables.ts";

export interface SendOrderArgs {
  readonly queue: string;
  readonly order: Order;
  /** Until it can be read. Default 0. */
  readonly delaySeconds?: number | undefined;
}

// PGMQ's own enable_notify_insert makes all senders of a queue wait for each other's COMMIT, and falls
// silent after a crash; pg_notify in here would take a lock of the whole server until the WAL is flushed
const WHAT = { message: "$1", delaySeconds: "$2::double precision" };
const textFor = (queue: string): string =>
  prepared(`send_order_${queue.toLowerCase()}`, sending({ queue, ...WHAT }));
const tracedTextFor = (queue: string): string =>
  prepared(`send_traced_${queue.toLowerCase()}`, sending({ queue, ...WHAT, traceparent: "$3" }));

/**
 * Must run in the transaction that writes the row the order is about.
 *
 * @returns the message's id, a 64-bit number in decimal.
 */
export async function sendOrder(
  transaction: Transaction,
  { queue, order, delaySeconds = 0 }: SendOrderArgs,
): Promise<string> {
  const { traceparent } = transaction;
  const values = [JSON.stringify(order), delaySeconds];
  const { rows } = await (traceparent === undefined
    ? transaction.query<{ message_id: string }>(textFor(queue), values)
    : transaction.query<{ message_id: string }>(tracedTextFor(queue), [...values, traceparent]));
  // nothing is to be seen yet of what is delayed: who polls finds it in time
  if (delaySeconds === 0) transaction.ringAfterCommit(queue);
  return (rows[0] as { message_id: string }).message_id;
}
