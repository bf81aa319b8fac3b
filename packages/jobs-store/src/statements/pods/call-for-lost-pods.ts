/** Says that somebody should look at the jobs whose pods are not among these. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
WITH called AS (
  SELECT reservation_id FROM reservations
  WHERE due_at > now() AND cleaned_at IS NULL AND EXISTS (
    SELECT FROM job_pods WHERE job_pods.reservation_id = reservations.reservation_id
      AND released_at IS NULL AND pod_uid IS NOT NULL AND pod_uid <> ALL ($1::text[])
  )
  ORDER BY reservation_id FOR UPDATE OF reservations
)
UPDATE reservations SET due_at = now()
FROM called WHERE reservations.reservation_id = called.reservation_id`;

/** @param uids of all pods that are there. */
export async function callForLostPods(db: Queryable, uids: readonly string[]): Promise<void> {
  await db.query(SQL, [uids]);
}
