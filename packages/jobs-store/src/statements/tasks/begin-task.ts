/** Notes that what was asked is in the job's row: in all files of its box from this version on. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE job_tasks SET ssh_public_keys = $2::text[], last_fault = NULL, files_version = (
  SELECT files_version FROM reservations
  WHERE reservations.reservation_id = job_tasks.reservation_id
)
WHERE task_id = $1::uuid AND state = 'waiting'`;

/** Run it in the transaction that changes the row. @param sshPublicKeys of a user who is added. */
export async function beginTask(
  db: Queryable,
  { taskId, sshPublicKeys = [] }: BeginTaskArgs,
): Promise<void> {
  await db.query(SQL, [taskId, sshPublicKeys]);
}

export interface BeginTaskArgs {
  readonly taskId: string;
  readonly sshPublicKeys?: readonly string[];
}
