/** The jobs of a type that wait for a node, in their order. */
import type { Queryable } from "../../queryable.ts";

export interface WaitingJobRow {
  readonly reservation_id: string;
  readonly gpu_count: number;
  readonly generation: number;
  readonly pod_name: string;
  readonly namespace: string;
  readonly current_detailed_status: string | null;
}

const SQL = `
SELECT reservation_id, gpu_count, generation, pod_name, namespace, current_detailed_status
FROM reservations
WHERE gpu_type = $1 AND status IN ('queued', 'pending') AND wanted = 'run'
ORDER BY created_at, reservation_id LIMIT $2::integer`;

/** So many are considered, and told why they wait. */
export const WAITING_AT_ONCE = 5000;

export async function listWaitingJobs(db: Queryable, gpuType: string): Promise<WaitingJobRow[]> {
  return (await db.query<WaitingJobRow>(SQL, [gpuType, WAITING_AT_ONCE])).rows;
}
