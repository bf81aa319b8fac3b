/** Notes that a disk is to be changed. */
import type { Queryable } from "../../queryable.ts";

export type DiskAction =
  | "create"
  | "clone"
  | "delete"
  | "restore"
  | "rename"
  | "resize"
  | "snapshot";

export interface InsertDiskOperationArgs {
  /** UUID. */
  readonly operationId: string;
  readonly diskId: string;
  readonly action: DiskAction;
  /** That is asked for. */
  readonly sizeGb?: number | undefined;
}

const SQL = `
INSERT INTO disk_operations (operation_id, disk_id, action, size_gb)
VALUES ($1::uuid, $2::uuid, $3, $4::integer)
RETURNING created_at`;

/** @returns when it was asked for. */
export async function insertDiskOperation(
  db: Queryable,
  { operationId, diskId, action, sizeGb }: InsertDiskOperationArgs,
): Promise<Date> {
  const { rows } = await db.query<{ created_at: Date }>(SQL, [
    operationId,
    diskId,
    action,
    sizeGb ?? null,
  ]);
  return (rows[0] as { created_at: Date }).created_at;
}
