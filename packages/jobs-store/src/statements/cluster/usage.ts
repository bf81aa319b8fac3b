/** What live jobs have and want, by GPU type and state. */
import type { Queryable } from "../../queryable.ts";
import type { LiveState } from "../jobs/job-states.ts";

export interface UsageRow {
  readonly gpu_type: string;
  readonly status: LiveState;
  readonly reservations: number;
  readonly gpus: number;
  /** GPUs, or slots where a job has none. */
  readonly units: number;
}

const SQL = `
SELECT gpu_type, status, count(*)::integer AS reservations, 
  sum(gpu_count * nodes_wanted)::integer AS gpus,
  sum(greatest(1, gpu_count) * nodes_wanted)::integer AS units
FROM reservations
WHERE status IN ('queued', 'pending', 'preparing', 'creating_server', 'active')
GROUP BY gpu_type, status
ORDER BY gpu_type, status`;

export async function clusterUsage(db: Queryable): Promise<UsageRow[]> {
  return (await db.query<UsageRow>(SQL)).rows;
}
