/** A job as operators see it: nothing that was given to it, and all that tells whether it goes on. */
import type { FinalState, JobState } from "./job-states.ts";

export interface AdminJobRow {
  readonly reservation_id: string;
  readonly user_id: number;
  readonly username: string;
  readonly status: JobState;
  readonly name: string | null;
  readonly image: string;
  readonly gpu_type: string;
  readonly gpu_count: number;
  readonly duration_hours: number;
  readonly created_at: Date;
  readonly launched_at: Date | null;
  readonly expires_at: Date | null;
  readonly reservation_ended: Date | null;
  readonly pod_name: string;
  /** While something is booked for it. */
  readonly node_name: string | null;
  readonly current_detailed_status: string | null;
  readonly failure_reason: string | null;
  readonly end_as: FinalState | null;
  readonly is_cleaned: boolean;
  readonly due_at: Date | null;
  readonly lease_until: Date | null;
  readonly faults: number;
  readonly last_fault: string | null;
}

export const ADMIN_JOBS = `
SELECT reservations.reservation_id, user_id, username, status, name, image, gpu_type, gpu_count,
  duration_hours, reservations.created_at, launched_at, expires_at, reservation_ended,
  reservations.pod_name, node_name, current_detailed_status, failure_reason, end_as,
  cleaned_at IS NOT NULL AS is_cleaned, due_at, lease_until, faults, last_fault
FROM reservations JOIN api_users USING (user_id)
LEFT JOIN job_pods ON job_pods.reservation_id = reservations.reservation_id
  AND job_pods.generation = reservations.generation AND released_at IS NULL`;
