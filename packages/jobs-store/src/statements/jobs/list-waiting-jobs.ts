/** The jobs of a type that wait for a node, in their order. */
import type { Queryable } from "../../queryable.ts";
import type { DiskState } from "../disks/claim-due-disks.ts";

export interface WaitingJobRow {
  readonly reservation_id: string;
  readonly gpu_count: number;
  readonly generation: number;
  readonly pod_name: string;
  readonly namespace: string;
  readonly current_detailed_status: string | null;
  readonly disk_id: string | null;
  readonly disk_name: string | null;
  readonly disk_state: DiskState | null;
  /** Why its volume is not there yet, in a sentence. */
  readonly disk_fault: string | null;
  /** The job that has its disk at present. */
  readonly disk_holder: string | null;
}

// a disk is asked for with the job; a row of the first release may name one that there never was
/** Of all types. */
export const WAITING_JOBS = `
SELECT job.reservation_id, gpu_count, generation, pod_name, namespace, current_detailed_status,
  disks.disk_id, disks.disk_name, disks.state AS disk_state, disks.last_fault AS disk_fault,
  (
    SELECT holder.reservation_id FROM reservations holder
    WHERE holder.reservation_id = disks.reservation_id
      AND holder.reservation_id <> job.reservation_id AND cleaned_at IS NULL
  ) AS disk_holder, job.gpu_type, job.created_at
FROM reservations job
LEFT JOIN disks ON disks.disk_id = job.disk_id
WHERE status IN ('queued', 'pending') AND wanted = 'run'
  AND (job.disk_name IS NULL OR job.disk_id IS NOT NULL)`;

const SQL = `${WAITING_JOBS} AND gpu_type = $1
ORDER BY job.created_at, job.reservation_id LIMIT $2::integer`;

/** So many are considered, and told why they wait. */
export const WAITING_AT_ONCE = 5000;

export async function listWaitingJobs(db: Queryable, gpuType: string): Promise<WaitingJobRow[]> {
  return (await db.query<WaitingJobRow>(SQL, [gpuType, WAITING_AT_ONCE])).rows;
}
