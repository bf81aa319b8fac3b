/** Gives a disk back for which something went wrong: later each time. What waits for its volume for too long has failed. */
import type { Queryable } from "../../queryable.ts";
import { dueSql } from "../jobs/move-job.ts";

export interface FaultDiskArgs {
  readonly diskId: string;
  readonly lease: string;
  readonly seconds: number;
  /** That were open when it was claimed. */
  readonly operationIds: readonly string[];
  /** Why it has no volume yet; unset: that is not what went wrong. */
  readonly volume?: VolumeFault | undefined;
}

export interface VolumeFault {
  /** A sentence for its owner. */
  readonly fault: string;
  /** What was asked for longer ago fails with it; 0: all of it. */
  readonly failsAfterSeconds: number;
}

const SQL = `
WITH faulted AS (
  UPDATE disks SET due_at = ${dueSql("$4")}, lease_token = NULL, lease_until = NULL,
    faults = faults + 1, last_fault = coalesce($3, last_fault)
  WHERE disk_id = $1::uuid AND lease_token = $2::uuid
  RETURNING disk_id
)
UPDATE disk_operations SET completed_at = now(), is_known = true,
  status = CASE WHEN action IN ('create', 'clone') THEN 'failed' ELSE 'completed' END,
  error = CASE WHEN action IN ('create', 'clone') THEN $3 END
FROM faulted
WHERE disk_operations.disk_id = faulted.disk_id AND completed_at IS NULL AND (
  (action IN ('delete', 'restore', 'rename') AND operation_id = ANY ($6::uuid[])) OR (
    action IN ('create', 'clone') AND $3::text IS NOT NULL
    AND created_at <= now() - make_interval(secs => $5::double precision)
  )
)`;

export async function faultDisk(db: Queryable, args: FaultDiskArgs): Promise<void> {
  const { diskId, lease, seconds, operationIds, volume } = args;
  const { fault = null, failsAfterSeconds = 0 } = volume ?? {};
  const values = [diskId, lease, fault, seconds, failsAfterSeconds, operationIds];
  await db.query(SQL, values);
}
