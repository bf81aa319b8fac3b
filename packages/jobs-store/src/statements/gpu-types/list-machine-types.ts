/** What machines there may be, as whoever books them needs it: also those that are no longer offered. */
import type { Queryable } from "../../queryable.ts";

export interface MachineTypeRow {
  readonly gpu_type: string;
  readonly instance_type: string;
  readonly max_gpus: number;
  /** What Kubernetes calls one of its GPUs. */
  readonly resource_name: string;
  /** Jobs on a machine without GPUs. */
  readonly slots_per_node: number;
}

const SQL = `
SELECT gpu_type, instance_type, max_gpus, 'nvidia.com/gpu' AS resource_name,
  CASE WHEN max_gpus = 0 THEN 3 ELSE 0 END AS slots_per_node
FROM gpu_types ORDER BY gpu_type`;

export async function listMachineTypes(db: Queryable): Promise<MachineTypeRow[]> {
  return (await db.query<MachineTypeRow>(SQL)).rows;
}
