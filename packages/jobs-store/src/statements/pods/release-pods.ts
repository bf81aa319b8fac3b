/** Ends a job's bookings: others may have what it had. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE job_pods SET released_at = now() WHERE reservation_id = $1 AND released_at IS NULL`;

export async function releasePods(db: Queryable, reservationId: string): Promise<void> {
  await db.query(SQL, [reservationId]);
}
