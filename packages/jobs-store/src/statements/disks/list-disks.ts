/** A user's disks, newest first: those that are not deleted, or those whose deletion can be taken back. */
import type { Queryable } from "../../queryable.ts";
import { DISK_COLUMNS, type DiskRow } from "./disk-row.ts";

const SQL = `
SELECT ${DISK_COLUMNS} FROM disks JOIN api_users USING (user_id)
WHERE user_id = $1::integer AND is_deleted = $2::boolean
  AND coalesce(delete_date > (now() AT TIME ZONE 'UTC')::date, true)
ORDER BY disks.created_at DESC, disk_name`;

export async function listDisks(
  db: Queryable,
  userId: number,
  isDeleted = false,
): Promise<DiskRow[]> {
  return (await db.query<DiskRow>(SQL, [userId, isDeleted])).rows;
}
