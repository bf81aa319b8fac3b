/** Where a job's log is: with its pod, or kept. */
import type { Queryable } from "../../queryable.ts";

export interface JobLogRow {
  /** Null when it has no pod. */
  readonly pod_name: string | null;
  readonly pod_logs: string | null;
  readonly is_over: boolean;
}

const SQL = `
SELECT job_pods.pod_name, pod_logs, reservation_ended IS NOT NULL AS is_over FROM reservations
LEFT JOIN job_pods ON job_pods.reservation_id = reservations.reservation_id
  AND released_at IS NULL AND pod_uid IS NOT NULL
WHERE reservations.reservation_id = $1`;

export async function findJobLog(
  db: Queryable,
  reservationId: string,
): Promise<JobLogRow | undefined> {
  return (await db.query<JobLogRow>(SQL, [reservationId])).rows[0];
}
