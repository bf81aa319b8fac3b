/** The kinds of machine that are offered. */
import type { Queryable } from "../../queryable.ts";
import { GPU_TYPE_COLUMNS, type GpuTypeRow } from "./gpu-type-row.ts";

const SQL = `SELECT ${GPU_TYPE_COLUMNS} FROM gpu_types WHERE is_active ORDER BY gpu_type`;

export async function listGpuTypes(db: Queryable): Promise<GpuTypeRow[]> {
  return (await db.query<GpuTypeRow>(SQL)).rows;
}
