/** The nodes of a type that are there. */
import type { Queryable } from "../../queryable.ts";

export interface NodeRow {
  readonly node_name: string;
  readonly gpus: number;
  readonly cpu_millis: number;
  readonly memory_mib: number;
  readonly slots: number;
  readonly is_ready: boolean;
  readonly is_schedulable: boolean;
  readonly foreign_gpus: number;
  readonly foreign_cpu_millis: number;
  readonly foreign_memory_mib: number;
}

const SQL = `
SELECT node_name, gpus, cpu_millis, memory_mib, slots, is_ready, is_schedulable, foreign_gpus,
  foreign_cpu_millis, foreign_memory_mib
FROM nodes WHERE gpu_type = $1 AND gone_at IS NULL ORDER BY node_name`;

export async function listNodes(db: Queryable, gpuType: string): Promise<NodeRow[]> {
  return (await db.query<NodeRow>(SQL, [gpuType])).rows;
}
