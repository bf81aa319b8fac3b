/** A user's disks that are not deleted, newest first. */
import type { Queryable } from "../../queryable.ts";
import { DISK_COLUMNS, type DiskRow } from "./disk-row.ts";

const SQL = `
SELECT ${DISK_COLUMNS} FROM disks JOIN api_users USING (user_id)
WHERE user_id = $1::integer AND NOT is_deleted
ORDER BY disks.created_at DESC, disk_name`;

export async function listDisks(db: Queryable, userId: number): Promise<DiskRow[]> {
  return (await db.query<DiskRow>(SQL, [userId])).rows;
}
