/** Tasks that have been done, or will not be. */
import type { Queryable } from "../../queryable.ts";

const END = `
UPDATE job_tasks SET state = $2, outcome = $3, finished_at = now(), due_at = NULL
WHERE task_id = ANY ($1::uuid[]) AND state = 'waiting'`;

export async function endTasks(
  db: Queryable,
  taskIds: readonly string[],
  /** Undefined: they are done. */
  failure?: string,
): Promise<void> {
  const state = failure === undefined ? "done" : "failed";
  await db.query(END, [taskIds, state, failure ?? null]);
}

const DROP = `
UPDATE job_tasks SET state = 'failed', outcome = 'The job ended before it was done.',
  finished_at = now(), due_at = NULL
WHERE reservation_id = $1 AND state = 'waiting'`;

/** Of a job that is over. */
export async function dropTasks(db: Queryable, reservationId: string): Promise<void> {
  await db.query(DROP, [reservationId]);
}
