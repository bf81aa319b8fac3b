/** Ends a job's use of its disk: nothing of the job is left, and another one may have it. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE disks SET reservation_id = NULL, last_used = now() WHERE reservation_id = $1`;

export async function freeDisk(db: Queryable, reservationId: string): Promise<void> {
  await db.query(SQL, [reservationId]);
}
