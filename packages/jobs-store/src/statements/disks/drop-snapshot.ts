/** Forgets a snapshot of which nothing is left in the cluster. */
import type { Queryable } from "../../queryable.ts";
import { HELD_DISK, type HeldDisk } from "./held-disk.ts";

const SQL = `
WITH ${HELD_DISK}
DELETE FROM disk_snapshots USING held
WHERE disk_snapshots.disk_id = held.disk_id AND snapshot_id = $3::uuid AND state = 'deleting'`;

/** @returns false when it is somebody else's. */
export async function dropSnapshot(
  db: Queryable,
  { diskId, lease, snapshotId }: HeldDisk & { readonly snapshotId: string },
): Promise<boolean> {
  return (await db.query(SQL, [diskId, lease, snapshotId])).rowCount === 1;
}
