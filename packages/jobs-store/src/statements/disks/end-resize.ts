/** Ends the growing of a disk: it has its new size, or will not have it. */
import type { Queryable } from "../../queryable.ts";
import { HELD_DISK, type HeldDisk } from "./held-disk.ts";

export interface EndResizeArgs extends HeldDisk {
  readonly operationId: string;
  /** That its volume has now; unset: it is as large as it was. */
  readonly sizeGb?: number | undefined;
  /** A sentence for its owner; unset: it has grown. */
  readonly error?: string | undefined;
}

const SQL = `
WITH ${HELD_DISK}, ended AS (
  UPDATE disk_operations SET completed_at = now(), is_known = true, error = $5,
    status = CASE WHEN $5::text IS NULL THEN 'completed' ELSE 'failed' END
  FROM held WHERE disk_operations.disk_id = held.disk_id AND operation_id = $3::uuid
    AND completed_at IS NULL
  RETURNING held.disk_id
), grown AS (
  UPDATE disks SET size_gb = greatest(size_gb, $4::integer) FROM ended
  WHERE disks.disk_id = ended.disk_id
)
SELECT FROM ended`;

/** @returns false when it is somebody else's. */
export async function endResize(db: Queryable, args: EndResizeArgs): Promise<boolean> {
  const { diskId, lease, operationId, sizeGb, error } = args;
  const values = [diskId, lease, operationId, sizeGb ?? null, error ?? null];
  return (await db.query(SQL, values)).rowCount === 1;
}
