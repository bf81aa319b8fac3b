/** Takes a deletion back, while the disk's day has not come. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE disks SET marked_deleted_at = NULL, delete_date = NULL
WHERE disk_id = $1::uuid AND delete_date > (now() AT TIME ZONE 'UTC')::date`;

/** @returns false when it is not deleted, or too late. */
export async function restoreDisk(db: Queryable, diskId: string): Promise<boolean> {
  return (await db.query(SQL, [diskId])).rowCount === 1;
}
