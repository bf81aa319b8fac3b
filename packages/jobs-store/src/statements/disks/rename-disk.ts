/** Gives a disk another name. */
import type { Queryable } from "../../queryable.ts";

const SQL = "UPDATE disks SET disk_name = $2 WHERE disk_id = $1::uuid";

/** @throws StoreError conflict `disks_name`: the user has a disk of that name. */
export async function renameDisk(
  db: Queryable,
  { diskId, newName }: { readonly diskId: string; readonly newName: string },
): Promise<void> {
  await db.query(SQL, [diskId, newName]);
}
