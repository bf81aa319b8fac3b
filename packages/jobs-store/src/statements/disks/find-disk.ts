/** One disk of one user, deleted ones included. */
import type { Queryable } from "../../queryable.ts";
import { DISK_COLUMNS, type DiskName, type DiskRow } from "./disk-row.ts";

const SQL = `
SELECT ${DISK_COLUMNS} FROM disks JOIN api_users USING (user_id)
WHERE user_id = $1::integer AND disk_name = $2 AND state <> 'gone'`;

export async function findDisk(
  db: Queryable,
  { userId, diskName }: DiskName,
): Promise<DiskRow | undefined> {
  return (await db.query<DiskRow>(SQL, [userId, diskName])).rows[0];
}
