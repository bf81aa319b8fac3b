/** Puts a message on a queue and wakes whoever listens, both when the transaction commits. */
import type { QueueMessage } from "../../messages.ts";
import type { Queryable } from "../../queryable.ts";

/**
 * The NOTIFY channel of all queues; the payload is the queue's name. It says "look", no more: a
 * delayed message is announced before it can be read, and one whose lease ran out is not announced.
 */
export const QUEUE_CHANNEL = "airlock_queue";

export interface SendMessageArgs {
  readonly queue: string;
  readonly message: QueueMessage;
  /** Until it can be read. Default 0. */
  readonly delaySeconds?: number | undefined;
}

// PGMQ's own enable_notify_insert makes all senders of a queue wait for each other's COMMIT, and
// falls silent after a crash. Its functions are overloaded: each argument needs its type.
const SQL = `
WITH sent AS (
  SELECT message_id FROM pgmq.send($1::text, $2::jsonb, $3::integer) AS message_id
)
SELECT message_id::text, pg_notify($4::text, $1::text) FROM sent`;

/**
 * Must run in the transaction that writes the row the message is about.
 *
 * @returns the message's id, a 64-bit number in decimal.
 */
export async function sendMessage(
  transaction: Queryable,
  { queue, message, delaySeconds = 0 }: SendMessageArgs,
): Promise<string> {
  const values = [queue, JSON.stringify(message), delaySeconds, QUEUE_CHANNEL];
  const { rows } = await transaction.query<{ message_id: string }>(SQL, values);
  return (rows[0] as { message_id: string }).message_id;
}
