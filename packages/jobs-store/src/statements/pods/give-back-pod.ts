/** Marks a booking whose pod the node did not take. */
import type { Queryable } from "../../queryable.ts";

export const GIVEN_BACK = "given_back";

const SQL = `
UPDATE job_pods SET phase = '${GIVEN_BACK}'
WHERE reservation_id = $1 AND released_at IS NULL`;

export async function giveBackPod(db: Queryable, reservationId: string): Promise<void> {
  await db.query(SQL, [reservationId]);
}
