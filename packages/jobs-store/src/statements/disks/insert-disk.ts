/** Writes a disk down; its volume is made by the processor. */
import type { Queryable } from "../../queryable.ts";
import type { DiskName } from "./disk-row.ts";

const SQL = `
INSERT INTO disks (user_id, disk_name, size_gb) VALUES ($1::integer, $2, $3::integer)
RETURNING disk_id`;

/**
 * @returns the disk's id.
 * @throws StoreError conflict `disks_name`: the user has a disk of this name, perhaps a deleted one.
 */
export async function insertDisk(
  db: Queryable,
  { userId, diskName, sizeGb }: DiskName & { readonly sizeGb: number | null },
): Promise<string> {
  const { rows } = await db.query<{ disk_id: string }>(SQL, [userId, diskName, sizeGb]);
  return (rows[0] as { disk_id: string }).disk_id;
}
