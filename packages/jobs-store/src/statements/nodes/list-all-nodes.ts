/** Every node that a processor has seen, those of no type and those that are gone included. */
import type { Queryable } from "../../queryable.ts";

export interface AnyNodeRow {
  readonly node_name: string;
  readonly gpu_type: string | null;
  readonly gpus: number;
  readonly slots: number;
  readonly booked_gpus: number;
  readonly booked_jobs: number;
  readonly foreign_gpus: number;
  readonly unbooked_gpus: number;
  readonly is_ready: boolean;
  readonly is_schedulable: boolean;
  readonly seen_at: Date;
  readonly gone_at: Date | null;
}

const SQL = `
SELECT node_name, gpu_type, nodes.gpus, nodes.slots, coalesce(booked.gpus, 0) AS booked_gpus,
  coalesce(jobs, 0) AS booked_jobs, foreign_gpus, unbooked_gpus, is_ready, is_schedulable, seen_at,
  gone_at
FROM nodes LEFT JOIN (
  SELECT node_name, sum(gpus)::integer AS gpus, count(*)::integer AS jobs FROM job_pods
  WHERE released_at IS NULL GROUP BY node_name
) AS booked USING (node_name)
ORDER BY gone_at IS NOT NULL, gpu_type NULLS LAST, node_name LIMIT 10000`;

export async function listAllNodes(db: Queryable): Promise<AnyNodeRow[]> {
  return (await db.query<AnyNodeRow>(SQL)).rows;
}
