/** The kinds of machine that a request names: by type, by instance type, or both. */
import { prepared } from "../../prepared.ts";
import type { Queryable } from "../../queryable.ts";
import { GPU_TYPE_COLUMNS, type GpuTypeRow } from "./gpu-type-row.ts";

export interface FindGpuTypesArgs {
  /** In lower case. */
  readonly gpuType?: string | undefined;
  readonly instanceType?: string | undefined;
}

const SQL = prepared(
  "find_gpu_types",
  `
SELECT ${GPU_TYPE_COLUMNS}, EXISTS (SELECT FROM quotas) AS has_quotas FROM gpu_types
WHERE is_active AND (gpu_type = $1 OR instance_type = $2 OR $2 = ANY (instance_types))`,
);

/** @returns two rows when the names contradict each other. */
export async function findGpuTypes(
  db: Queryable,
  { gpuType, instanceType }: FindGpuTypesArgs,
): Promise<GpuTypeRow[]> {
  return (await db.query<GpuTypeRow>(SQL, [gpuType ?? null, instanceType ?? null])).rows;
}
