/** Gives a disk to a job, until nothing of the job is left. */
import type { Queryable } from "../../queryable.ts";

// a holder of which nothing is left was ended by a version that did not give disks back
const SQL = `
UPDATE disks SET reservation_id = $2, last_used = now()
WHERE disk_id = $1::uuid AND state = 'ready' AND NOT is_deleted
  AND (held_until IS NULL OR held_until <= now() OR reservation_id = $2) AND (
  reservation_id IS NULL OR reservation_id = $2 OR EXISTS (
    SELECT FROM reservations WHERE reservations.reservation_id = disks.reservation_id
      AND cleaned_at IS NOT NULL
  )
)`;

/** @returns false when it is not there, another job has it, or what one left is being kept. */
export async function takeDisk(
  db: Queryable,
  { diskId, reservationId }: { readonly diskId: string; readonly reservationId: string },
): Promise<boolean> {
  return (await db.query(SQL, [diskId, reservationId])).rowCount === 1;
}
