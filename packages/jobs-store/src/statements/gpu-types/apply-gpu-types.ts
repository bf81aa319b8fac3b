/** Offers these types and no others. A type that is not among them keeps its row, for the jobs that name it. */
import type { GpuType } from "../../gpu-types-file.ts";
import type { Queryable } from "../../queryable.ts";

const SQL = `
WITH wanted AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS type (
    "gpuType" varchar(50), "resourceName" varchar(317), "instanceTypes" text[], gpus integer,
    slots integer, cpus integer, "memoryGb" integer
  )
), withdrawn AS (
  UPDATE gpu_types SET is_active = false, updated_at = now()
  WHERE is_active AND gpu_type NOT IN (SELECT "gpuType" FROM wanted)
)
INSERT INTO gpu_types AS had (gpu_type, instance_type, instance_types, resource_name, max_gpus,
  max_per_node, slots_per_node, cpus, memory_gb)
SELECT "gpuType", "instanceTypes"[1], "instanceTypes", "resourceName", gpus, gpus, slots, cpus,
  "memoryGb"
FROM wanted
ON CONFLICT (gpu_type) DO UPDATE SET
  instance_type = excluded.instance_type, instance_types = excluded.instance_types,
  resource_name = excluded.resource_name, max_gpus = excluded.max_gpus,
  max_per_node = excluded.max_per_node, slots_per_node = excluded.slots_per_node,
  cpus = excluded.cpus, memory_gb = excluded.memory_gb, is_active = true, updated_at = now()
WHERE (had.instance_types, had.resource_name, had.max_gpus, had.slots_per_node, had.cpus,
    had.memory_gb, had.is_active)
  IS DISTINCT FROM (excluded.instance_types, excluded.resource_name, excluded.max_gpus,
    excluded.slots_per_node, excluded.cpus, excluded.memory_gb, true)`;

/** Call it under the lock of the migrations. What is as it should be is not written. */
export async function applyGpuTypes(db: Queryable, types: readonly GpuType[]): Promise<void> {
  await db.query(SQL, [JSON.stringify(types)]);
}
