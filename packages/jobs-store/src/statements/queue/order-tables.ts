/** Where PGMQ keeps a queue and its archive, as parts of a statement. */

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
