/** The jobs that wait for a node, in the order in which they are considered. */
import type { DiskState } from "../disks/disk-states.ts";

export interface WaitingJobRow {
  readonly reservation_id: string;
  readonly user_id: number;
  readonly gpu_count: number;
  readonly duration_hours: number;
  readonly created_at_ms: number;
  readonly generation: number;
  readonly pod_name: string;
  readonly current_detailed_status: string | null;
  /** It was told when it will start. */
  readonly is_promised: boolean;
  readonly disk_id: string | null;
  readonly disk_name: string | null;
  readonly disk_state: DiskState | null;
  /** Why its volume is not there yet, in a sentence. */
  readonly disk_fault: string | null;
  /** What the job before left on it is being kept in a snapshot. */
  readonly disk_is_held: boolean;
  /** The job that has its disk at present. */
  readonly disk_holder: string | null;
}

/** So many of a type are considered, and told why they wait. */
export const WAITING_AT_ONCE = 5000;

// a disk is asked for with the job; a row of the first release may name one that there never was
/** Of all types. `turn`: the jobs of one user never crowd out those of another. */
export const WAITING_JOBS = `
SELECT job.reservation_id, job.user_id, gpu_count, duration_hours, job.created_at,
  1000 * extract(epoch FROM job.created_at)::double precision AS created_at_ms, generation, pod_name,
  current_detailed_status, promised_p50_at IS NOT NULL AS is_promised, disks.disk_id, disks.disk_name, disks.state AS disk_state,
  disks.last_fault AS disk_fault,
  coalesce(disks.held_until > now(), false) AS disk_is_held,
  (
    SELECT holder.reservation_id FROM reservations holder
    WHERE holder.reservation_id = disks.reservation_id
      AND holder.reservation_id <> job.reservation_id AND cleaned_at IS NULL
  ) AS disk_holder, job.gpu_type, row_number() OVER (
    PARTITION BY job.gpu_type, job.user_id ORDER BY job.created_at, job.reservation_id
  ) AS turn
FROM reservations job
LEFT JOIN disks ON disks.disk_id = job.disk_id
WHERE status IN ('queued', 'pending') AND wanted = 'run'
  AND (job.disk_name IS NULL OR job.disk_id IS NOT NULL)`;
