/** What there is of each type that is offered, as far as a processor has seen the cluster's nodes. */
import type { Queryable } from "../../queryable.ts";

export interface CapacityRow {
  readonly gpu_type: string;
  readonly instance_type: string;
  readonly instance_types: readonly string[];
  /** Of one node: 0 for a type by slots. */
  readonly max_gpus: number;
  /** GPUs of one node, or the jobs that one without GPUs takes. */
  readonly max_per_node: number;
  readonly cpus: number;
  readonly memory_gb: number;
  /** False until somebody has looked at the cluster: then there are no numbers. */
  readonly is_known: boolean;
  /** GPUs of the nodes that are there, or slots. */
  readonly total: number;
  /** Of nodes that take pods, what neither a job has booked nor a foreign pod has taken. */
  readonly free: number;
}

const SQL = `
SELECT gpu_type, instance_type, instance_types, max_gpus, cpus, memory_gb,
  CASE WHEN max_gpus > 0 THEN max_per_node ELSE slots_per_node END AS max_per_node,
  EXISTS (SELECT FROM nodes) AS is_known,
  coalesce(seen.total, 0)::integer AS total, coalesce(seen.free, 0)::integer AS free
FROM gpu_types LEFT JOIN (
  SELECT gpu_type, sum(gpus + slots) AS total,
    sum(greatest(0, gpus + slots - foreign_gpus - coalesce(booked.units, 0)))
      FILTER (WHERE is_ready AND is_schedulable) AS free
  FROM nodes LEFT JOIN (
    SELECT node_name, sum(gpus + slots) AS units
    FROM job_pods WHERE released_at IS NULL GROUP BY node_name
  ) AS booked USING (node_name)
  WHERE gone_at IS NULL
  GROUP BY gpu_type
) AS seen USING (gpu_type)
WHERE is_active
ORDER BY gpu_type`;

export async function readCapacity(db: Queryable): Promise<CapacityRow[]> {
  return (await db.query<CapacityRow>(SQL)).rows;
}
