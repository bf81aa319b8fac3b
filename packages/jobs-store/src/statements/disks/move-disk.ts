/** Writes down what became of a disk's volume, and ends what was asked for with that. */
import type { Queryable } from "../../queryable.ts";
import type { DiskState } from "./disk-states.ts";

export interface MoveDiskArgs {
  readonly diskId: string;
  readonly lease: string;
  readonly to: DiskState;
  /** Why what was asked to be made will not be; unset: it is. */
  readonly refusal?: string | undefined;
  /** It has a volume of its own: what it was made of is nothing to it any more. */
  readonly isWhole?: boolean;
  /** That its volume has, as far as that is known. */
  readonly sizeGb?: number | undefined;
}

const SQL = `
WITH moved AS (
  UPDATE disks SET state = $3, last_fault = $4, size_gb = greatest(size_gb, $6::integer),
    source_snapshot_id = CASE WHEN $5::boolean THEN NULL ELSE source_snapshot_id END
  WHERE disk_id = $1::uuid AND lease_token = $2::uuid AND lease_until > now()
  RETURNING disk_id
), ended AS (
  UPDATE disk_operations SET completed_at = now(), is_known = true, error = $4,
    status = CASE WHEN $4::text IS NULL THEN 'completed' ELSE 'failed' END
  FROM moved WHERE disk_operations.disk_id = moved.disk_id AND completed_at IS NULL
    AND action IN ('create', 'clone')
)
SELECT FROM moved`;

/** @returns false when it is somebody else's. */
export async function moveDisk(
  db: Queryable,
  { diskId, lease, to, refusal, isWhole = false, sizeGb }: MoveDiskArgs,
): Promise<boolean> {
  const values = [diskId, lease, to, refusal ?? null, isWhole, sizeGb ?? null];
  return (await db.query(SQL, values)).rowCount === 1;
}
