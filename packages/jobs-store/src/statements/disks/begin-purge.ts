/** Begins to take away all that a deleted disk is in the cluster: its day has come. */
import type { Queryable } from "../../queryable.ts";
import { HELD_DISK, type HeldDisk } from "./held-disk.ts";

// whoever restores it waits for the row, and is too late
const SQL = `
WITH ${HELD_DISK}, begun AS (
  UPDATE disks SET state = 'deleting' FROM held
  WHERE disks.disk_id = held.disk_id AND is_deleted AND reservation_id IS NULL
    AND delete_date <= (now() AT TIME ZONE 'UTC')::date
  RETURNING disks.disk_id
), doomed AS (
  UPDATE disk_snapshots one SET
    state = CASE WHEN state = 'failed' THEN state ELSE 'deleting' END,
    content_state = CASE WHEN content_state IN ('reading', 'clearing') THEN 'clearing' END
  FROM begun WHERE one.disk_id = begun.disk_id
), ended AS (
  UPDATE disk_operations SET completed_at = now(), is_known = true, status = 'failed',
    error = 'The disk was deleted, and its day has come.'
  FROM begun WHERE disk_operations.disk_id = begun.disk_id AND completed_at IS NULL
    AND action IN ('create', 'clone', 'resize', 'snapshot')
)
SELECT FROM begun`;

/** @returns false when it is somebody else's, or its day has not come. */
export async function beginPurge(db: Queryable, { diskId, lease }: HeldDisk): Promise<boolean> {
  return (await db.query(SQL, [diskId, lease])).rowCount === 1;
}
