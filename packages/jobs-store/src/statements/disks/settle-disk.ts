/** Gives a disk back that was looked at. What its owner has changed of its row is done with that. */
import type { Queryable } from "../../queryable.ts";
import { dueSql, keepingCalls } from "../jobs/move-job.ts";

export interface SettleDiskArgs {
  readonly diskId: string;
  readonly lease: string;
  /** Until the next look; null: until somebody calls for one. */
  readonly seconds: number | null;
  /** That were open when it was claimed: what came later somebody looks at again. */
  readonly operationIds: readonly string[];
}

const SQL = `
WITH settled AS (
  UPDATE disks SET due_at = ${keepingCalls(dueSql("$3"))},
    lease_token = NULL, lease_until = NULL, faults = 0
  WHERE disk_id = $1::uuid AND lease_token = $2::uuid AND lease_until > now()
  RETURNING disk_id
), ended AS (
  UPDATE disk_operations SET completed_at = now(), status = 'completed'
  FROM settled WHERE disk_operations.disk_id = settled.disk_id AND completed_at IS NULL
    AND operation_id = ANY ($4::uuid[]) AND action IN ('delete', 'restore', 'rename')
)
SELECT FROM settled`;

/** @returns false when it is somebody else's. */
export async function settleDisk(
  db: Queryable,
  { diskId, lease, seconds, operationIds }: SettleDiskArgs,
): Promise<boolean> {
  return (await db.query(SQL, [diskId, lease, seconds, operationIds])).rowCount === 1;
}
