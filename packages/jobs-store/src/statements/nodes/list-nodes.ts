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
  /** Taken by pods of jobs that nobody has booked. */
  readonly unbooked_gpus: number;
  readonly unbooked_cpu_millis: number;
  readonly unbooked_memory_mib: number;
  readonly unbooked_slots: number;
}

/** Of all types. */
export const NODES = `
SELECT node_name, gpus, cpu_millis, memory_mib, slots, is_ready, is_schedulable, foreign_gpus,
  foreign_cpu_millis, foreign_memory_mib, unbooked_gpus, unbooked_cpu_millis, unbooked_memory_mib,
  unbooked_slots, gpu_type
FROM nodes WHERE gone_at IS NULL`;

const SQL = `${NODES} AND gpu_type = $1 ORDER BY node_name`;

export async function listNodes(db: Queryable, gpuType: string): Promise<NodeRow[]> {
  return (await db.query<NodeRow>(SQL, [gpuType])).rows;
}
