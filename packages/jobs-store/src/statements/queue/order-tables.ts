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

export interface Sending {
  readonly queue: string;
  /** Places of values. */
  readonly message: string;
  readonly delaySeconds: string;
  /** Another one, for a queue with headers. Default none. */
  readonly traceparent?: string | undefined;
  /** A part of the WITH: a message for each of its rows. Default one message. */
  readonly from?: string | undefined;
}

/**
 * What `pgmq.send` does, as a statement that is planned once: the function has its own put together and
 * planned with each call, for which it takes longer than for the row.
 *
 * @throws Error for a name that is no queue's.
 */
export function sending({ queue, message, delaySeconds, traceparent, from }: Sending): string {
  const isTraced = traceparent !== undefined;
  return `
INSERT INTO ${tablesOf(queue).waiting} (vt, message${isTraced ? ", headers" : ""})
SELECT clock_timestamp() + make_interval(secs => ${delaySeconds}), ${message}::jsonb${isTraced ? `, jsonb_build_object('traceparent', ${traceparent}::text)` : ""}${from === undefined ? "" : ` FROM ${from}`}
RETURNING msg_id::text AS message_id`;
}
