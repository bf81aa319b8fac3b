/** Writes a disk down; its volume is made by the processor. */
import type { Queryable } from "../../queryable.ts";
import type { DiskName } from "./disk-row.ts";

export interface InsertDiskArgs extends DiskName {
  readonly sizeGb: number | null;
  /** What is on it at first; unset: nothing. */
  readonly source?: DiskSource | undefined;
}

export interface DiskSource {
  readonly diskId: string;
  /** Null: the disk as it is now. */
  readonly snapshotId: string | null;
}

const SQL = `
INSERT INTO disks (user_id, disk_name, size_gb, state, source_disk_id, source_snapshot_id)
VALUES ($1::integer, $2, $3::integer, $4, $5::uuid, $6::uuid)
RETURNING disk_id`;

/**
 * @returns the disk's id.
 * @throws StoreError conflict `disks_name`: the user has a disk of this name, perhaps a deleted one.
 */
export async function insertDisk(
  db: Queryable,
  { userId, diskName, sizeGb, source }: InsertDiskArgs,
): Promise<string> {
  const made = source === undefined ? "wanted" : "copying";
  const values = [userId, diskName, sizeGb, made, source?.diskId, source?.snapshotId];
  const { rows } = await db.query<{ disk_id: string }>(SQL, values);
  return (rows[0] as { disk_id: string }).disk_id;
}
