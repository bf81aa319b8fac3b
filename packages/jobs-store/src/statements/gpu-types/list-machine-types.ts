/** What machines there may be, as whoever books them needs it: also those that are no longer offered, after those that are. */
import type { Queryable } from "../../queryable.ts";

export interface MachineTypeRow {
  readonly gpu_type: string;
  /** Its machines. */
  readonly instance_types: readonly string[];
  readonly max_gpus: number;
  /** What Kubernetes calls one of its GPUs. */
  readonly resource_name: string;
  /** Jobs on a machine without GPUs. */
  readonly slots_per_node: number;
}

const SQL = `
SELECT gpu_type, array_append(instance_types, instance_type::text) AS instance_types, max_gpus,
  resource_name, slots_per_node
FROM gpu_types ORDER BY is_active DESC, gpu_type`;

export async function listMachineTypes(db: Queryable): Promise<MachineTypeRow[]> {
  return (await db.query<MachineTypeRow>(SQL)).rows;
}
