/** Writes down that a snapshot of a disk is to be taken: asked for by its owner, or for another disk. */
import type { Queryable } from "../../queryable.ts";
import type { Transaction } from "../../transaction.ts";
import { HELD_DISK, type HeldDisk } from "./held-disk.ts";
import { SNAPSHOT_NAME } from "./snapshot-row.ts";

const FOR_OPERATION = `
WITH ${HELD_DISK}, noted AS (
  UPDATE disk_operations SET snapshot_id = gen_random_uuid(), status = 'running'
  FROM held WHERE operation_id = $3::uuid AND snapshot_id IS NULL AND completed_at IS NULL
  RETURNING snapshot_id, held.disk_id
), made AS (
  INSERT INTO disk_snapshots (snapshot_id, disk_id, reason, snapshot_name)
  SELECT snapshot_id, disk_id, 'asked', ${SNAPSHOT_NAME("snapshot_id")} FROM noted
)
SELECT FROM noted`;

/** @returns false when it is somebody else's, or noted already. */
export async function noteSnapshotAsked(
  db: Queryable,
  { diskId, lease, operationId }: HeldDisk & { readonly operationId: string },
): Promise<boolean> {
  return (await db.query(FOR_OPERATION, [diskId, lease, operationId])).rowCount === 1;
}

const SOURCE = `
UPDATE disks SET due_at = now() WHERE disk_id = $1::uuid AND state = 'ready' RETURNING disk_id`;

const FOR_COPY = `
WITH ${HELD_DISK}, made AS (
  INSERT INTO disk_snapshots (snapshot_id, disk_id, reason, snapshot_name)
  SELECT id, $3::uuid, 'clone', ${SNAPSHOT_NAME("id")}
  FROM (SELECT gen_random_uuid() AS id FROM held) AS new
  RETURNING snapshot_id
), noted AS (
  UPDATE disks SET source_snapshot_id = snapshot_id FROM made
  WHERE disks.disk_id = (SELECT disk_id FROM held) AND source_snapshot_id IS NULL
  RETURNING disks.disk_id
)
SELECT FROM noted`;

/**
 * A snapshot of the source of a copy.
 *
 * @returns false when the source has no volume any more, or the copy is somebody else's.
 */
export async function noteSnapshotForCopy(
  transaction: Transaction,
  { diskId, lease, sourceDiskId }: HeldDisk & { readonly sourceDiskId: string },
): Promise<boolean> {
  if ((await transaction.query(SOURCE, [sourceDiskId])).rowCount !== 1) return false;
  return (await transaction.query(FOR_COPY, [diskId, lease, sourceDiskId])).rowCount === 1;
}
