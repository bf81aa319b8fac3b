/** Ends a disk for good: nothing of it is left in the cluster, and its name is free. */
import type { Queryable } from "../../queryable.ts";
import { HELD_DISK, type HeldDisk } from "./held-disk.ts";

// the row stays for those who ask for its operations
const SQL = `
WITH ${HELD_DISK}, ended AS (
  UPDATE disks SET state = 'gone', purged_at = now(), name_before = disk_name,
    disk_name = 'purged-' || disks.disk_id, source_snapshot_id = NULL,
    due_at = NULL, lease_token = NULL, lease_until = NULL, faults = 0, last_fault = NULL
  FROM held WHERE disks.disk_id = held.disk_id AND state = 'deleting'
  RETURNING disks.disk_id
), forgotten AS (
  DELETE FROM disk_snapshots USING ended WHERE disk_snapshots.disk_id = ended.disk_id
), done AS (
  UPDATE disk_operations SET completed_at = now(), is_known = true, status = 'completed'
  FROM ended WHERE disk_operations.disk_id = ended.disk_id AND completed_at IS NULL
)
SELECT FROM ended`;

/** It is given back with that. @returns false when it is somebody else's. */
export async function endPurge(db: Queryable, { diskId, lease }: HeldDisk): Promise<boolean> {
  return (await db.query(SQL, [diskId, lease])).rowCount === 1;
}
