/** Where a tunnel to a job leads. */
import type { Queryable } from "../../queryable.ts";
import type { JobState } from "./job-states.ts";

export interface JobPodRow {
  readonly status: JobState;
  /** Null when it has no pod. */
  readonly pod_name: string | null;
}

const SQL = `
SELECT status, job_pods.pod_name FROM reservations
LEFT JOIN job_pods ON job_pods.reservation_id = reservations.reservation_id
  AND released_at IS NULL AND pod_uid IS NOT NULL
WHERE reservations.reservation_id = $1`;

export async function findJobPod(
  db: Queryable,
  reservationId: string,
): Promise<JobPodRow | undefined> {
  return (await db.query<JobPodRow>(SQL, [reservationId])).rows[0];
}
