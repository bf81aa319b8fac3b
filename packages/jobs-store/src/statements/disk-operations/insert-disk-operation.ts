/** Notes that a disk is to be changed. */
import type { Queryable } from "../../queryable.ts";

export type DiskAction = "create" | "delete" | "restore" | "rename";

export interface InsertDiskOperationArgs {
  /** UUID. */
  readonly operationId: string;
  readonly diskId: string;
  readonly action: DiskAction;
}

const SQL = `
INSERT INTO disk_operations (operation_id, disk_id, action) VALUES ($1::uuid, $2::uuid, $3)
RETURNING created_at`;

/** @returns when it was asked for. */
export async function insertDiskOperation(
  db: Queryable,
  { operationId, diskId, action }: InsertDiskOperationArgs,
): Promise<Date> {
  const { rows } = await db.query<{ created_at: Date }>(SQL, [operationId, diskId, action]);
  return (rows[0] as { created_at: Date }).created_at;
}
