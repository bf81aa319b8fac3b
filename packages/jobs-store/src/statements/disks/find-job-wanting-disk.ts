/** A job that has something of a disk, or will: until it is cleaned up the disk is not deleted. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
SELECT reservation_id FROM reservations
WHERE disk_id = $1::uuid AND cleaned_at IS NULL LIMIT 1`;

/** Call it with the disk locked: jobs that are being submitted wait then, or are there. */
export async function findJobWantingDisk(
  db: Queryable,
  diskId: string,
): Promise<string | undefined> {
  const { rows } = await db.query<{ reservation_id: string }>(SQL, [diskId]);
  return rows[0]?.reservation_id;
}
