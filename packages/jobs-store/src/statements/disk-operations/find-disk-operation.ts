/** How far a change of one of the user's disks has come. */
import type { Queryable } from "../../queryable.ts";
import type { DiskAction } from "./insert-disk-operation.ts";

export type DiskOperationStatus = "queued" | "running" | "completed" | "failed";

export interface DiskOperationRow {
  readonly operation_id: string;
  readonly disk_name: string;
  readonly action: DiskAction;
  readonly status: DiskOperationStatus;
  readonly error: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly completed_at: Date | null;
  /** That it has made. */
  readonly snapshot_id: string | null;
  readonly is_deleted: boolean;
  /** YYYY-MM-DD in UTC. */
  readonly delete_date: string | null;
}

const SQL = `
SELECT operation_id, coalesce(name_before, disk_name) AS disk_name, action, status, error,
  disk_operations.created_at, disk_operations.updated_at, completed_at, snapshot_id, is_deleted, delete_date::text
FROM disk_operations JOIN disks USING (disk_id)
WHERE operation_id = $2::uuid AND user_id = $1::integer`;

/**
 * Whatever the disk is called by now.
 *
 * @param args.operationId must be a UUID.
 */
export async function findDiskOperation(
  db: Queryable,
  { userId, operationId }: { readonly userId: number; readonly operationId: string },
): Promise<DiskOperationRow | undefined> {
  return (await db.query<DiskOperationRow>(SQL, [userId, operationId])).rows[0];
}
