/** What was asked of a job and stands in the files that its box has. */
import type { Queryable } from "../../queryable.ts";
import { TASK_COLUMNS, TASK_ORDER, type TaskRow } from "./task-row.ts";

const SQL = `
SELECT ${TASK_COLUMNS} FROM job_tasks
WHERE reservation_id = $1 AND state = 'waiting' AND files_version <= $2::integer
ORDER BY ${TASK_ORDER}`;

export async function listBegunTasks(
  db: Queryable,
  { reservationId, filesVersion }: ListBegunTasksArgs,
): Promise<TaskRow[]> {
  return (await db.query<TaskRow>(SQL, [reservationId, filesVersion])).rows;
}

export interface ListBegunTasksArgs {
  readonly reservationId: string;
  /** That the box has. */
  readonly filesVersion: number;
}
