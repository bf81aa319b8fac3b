/** Deletes a disk for its owner; its data stays until the day that is returned. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE disks
SET marked_deleted_at = now(), delete_date = (now() AT TIME ZONE 'UTC')::date + $2::integer
WHERE disk_id = $1::uuid AND NOT is_deleted
RETURNING delete_date::text`;

/** @returns YYYY-MM-DD in UTC; undefined when it is deleted already. */
export async function markDiskDeleted(
  db: Queryable,
  { diskId, keepDays }: { readonly diskId: string; readonly keepDays: number },
): Promise<string | undefined> {
  return (await db.query<{ delete_date: string }>(SQL, [diskId, keepDays])).rows[0]?.delete_date;
}
