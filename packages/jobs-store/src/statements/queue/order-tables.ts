/** Where PGMQ keeps a queue and its archive, as parts of a statement, and how something gets there. */

const QUEUE_NAME = /^[a-zA-Z0-9_]{1,47}$/;

export interface OrderTables {
  readonly waiting: string;
  readonly archive: string;
}

/** @throws Error for a name that is no queue's: names stand in statements as they are. */
export function tablesOf(queue: string): OrderTables {
  if (!QUEUE_NAME.test(queue)) throw new Error("no name of a queue");
  return { waiting: `pgmq.q_${queue.toLowerCase()}`, archive: `pgmq.a_${queue.toLowerCase()}` };
}

/**
 * What `pgmq.send` does, as a statement that is planned once: the function has its own put together and
 * planned with each call, for which it takes longer than for the row.
 *
 * @param message, delaySeconds places of values.
 * @param from a part of the WITH: a message for each of its rows. Default one message.
 * @throws Error for a name that is no queue's.
 */
export const sending = (
  queue: string,
  message: string,
  delaySeconds: string,
  from?: string,
): string => `
INSERT INTO ${tablesOf(queue).waiting} (vt, message)
SELECT clock_timestamp() + make_interval(secs => ${delaySeconds}), ${message}::jsonb${from === undefined ? "" : ` FROM ${from}`}
RETURNING msg_id::text AS message_id`;
