/** How much waits on a queue. */
import type { Queryable } from "../../queryable.ts";

export interface QueueMetrics {
  /** Messages on the queue, in work ones included. */
  readonly length: number;
  /** Those that can be read now. */
  readonly visible: number;
  /** Null when the queue is empty. */
  readonly oldest_age_seconds: number | null;
}

const SQL = `
SELECT queue_length::integer AS length, queue_visible_length::integer AS visible,
  oldest_msg_age_sec AS oldest_age_seconds
FROM pgmq.metrics($1::text)`;

/** @throws StoreError failed when there is no such queue. */
export async function queueMetrics(db: Queryable, queue: string): Promise<QueueMetrics> {
  return (await db.query<QueueMetrics>(SQL, [queue])).rows[0] as QueueMetrics;
}
