/** What cannot be done now is looked at again; others are done meanwhile. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE job_tasks SET due_at = now() + make_interval(secs => $2::double precision),
  faults = faults + 1, last_fault = $3
WHERE task_id = $1::uuid AND state = 'waiting'`;

export async function putOffTask(
  db: Queryable,
  { taskId, seconds, fault }: PutOffTaskArgs,
): Promise<void> {
  await db.query(SQL, [taskId, seconds, fault]);
}

export interface PutOffTaskArgs {
  readonly taskId: string;
  readonly seconds: number;
  /** For operators. */
  readonly fault: string;
}
