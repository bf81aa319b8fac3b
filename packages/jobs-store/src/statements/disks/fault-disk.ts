/** Gives a disk back for which something went wrong: later each time. What waits for too long has failed. */
import type { Queryable } from "../../queryable.ts";
import { dueSql } from "../jobs/move-job.ts";

export interface FaultDiskArgs {
  readonly diskId: string;
  readonly lease: string;
  /** A sentence for its owner. */
  readonly fault: string;
  readonly seconds: number;
  /** What was asked for longer ago fails with this fault; 0: all of it. */
  readonly failsAfterSeconds: number;
}

const SQL = `
WITH faulted AS (
  UPDATE disks SET due_at = ${dueSql("$4")}, lease_token = NULL, lease_until = NULL,
    faults = faults + 1, last_fault = $3
  WHERE disk_id = $1::uuid AND lease_token = $2::uuid
  RETURNING disk_id
)
UPDATE disk_operations SET completed_at = now(),
  status = CASE action WHEN 'create' THEN 'failed' ELSE 'completed' END,
  error = CASE action WHEN 'create' THEN $3 END
FROM faulted
WHERE disk_operations.disk_id = faulted.disk_id AND completed_at IS NULL
  -- but for its making, nothing waits for its volume
  AND (action <> 'create' OR created_at <= now() - make_interval(secs => $5::double precision))`;

export async function faultDisk(db: Queryable, args: FaultDiskArgs): Promise<void> {
  const { diskId, lease, fault, seconds, failsAfterSeconds } = args;
  await db.query(SQL, [diskId, lease, fault, seconds, failsAfterSeconds]);
}
