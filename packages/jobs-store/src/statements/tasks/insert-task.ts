/** Asks something of a job in its owner's name, as it was submitted with it. */
import type { Queryable } from "../../queryable.ts";
import type { TaskKind } from "./task-row.ts";

const SQL = "INSERT INTO job_tasks (reservation_id, kind) VALUES ($1, $2)";

export async function insertTask(
  db: Queryable,
  { reservationId, kind }: { readonly reservationId: string; readonly kind: TaskKind },
): Promise<void> {
  await db.query(SQL, [reservationId, kind]);
}
