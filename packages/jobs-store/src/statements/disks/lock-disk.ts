/**
 * One disk of one user: until the transaction ends nobody else changes it, and no job is submitted
 * that wants it.
 */
import type { Queryable } from "../../queryable.ts";
import { DISK_COLUMNS, type DiskName, type DiskRow } from "./disk-row.ts";

const SQL = `
SELECT ${DISK_COLUMNS} FROM disks JOIN api_users USING (user_id)
WHERE user_id = $1::integer AND disk_name = $2 AND state <> 'gone'
FOR UPDATE OF disks`;

export async function lockDisk(
  db: Queryable,
  { userId, diskName }: DiskName,
): Promise<DiskRow | undefined> {
  return (await db.query<DiskRow>(SQL, [userId, diskName])).rows[0];
}
