/** Gives a disk back that is as it was asked to be, and ends its operations: nothing is left to do. */
import type { Queryable } from "../../queryable.ts";
import { keepingCalls } from "../jobs/move-job.ts";
import type { DiskState } from "./claim-due-disks.ts";

export interface SettleDiskArgs {
  readonly diskId: string;
  readonly lease: string;
  readonly state: DiskState;
  /** Why what was asked to be made will not be; undefined: it is. */
  readonly refusal?: string | undefined;
}

const SQL = `
WITH settled AS (
  UPDATE disks SET state = $3, due_at = ${keepingCalls("NULL")},
    lease_token = NULL, lease_until = NULL, faults = 0, last_fault = NULL
  WHERE disk_id = $1::uuid AND lease_token = $2::uuid AND lease_until > now()
  RETURNING disk_id
), ended AS (
  UPDATE disk_operations SET completed_at = now(),
    status = CASE WHEN action = 'create' AND $4::text IS NOT NULL THEN 'failed' ELSE 'completed' END,
    error = CASE WHEN action = 'create' THEN $4 END
  FROM settled WHERE disk_operations.disk_id = settled.disk_id AND completed_at IS NULL
)
SELECT FROM settled`;

/** @returns false when it is somebody else's. */
export async function settleDisk(
  db: Queryable,
  { diskId, lease, state, refusal }: SettleDiskArgs,
): Promise<boolean> {
  return (await db.query(SQL, [diskId, lease, state, refusal ?? null])).rowCount === 1;
}
