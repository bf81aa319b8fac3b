/** The disk that a job would have, as far as it decides when the job starts. */
import type { Queryable } from "../../queryable.ts";
import type { DiskName } from "./disk-row.ts";
import type { DiskState } from "./disk-states.ts";

export interface DiskWishRow {
  readonly disk_id: string;
  readonly disk_name: string;
  readonly is_deleted: boolean;
  readonly disk_state: DiskState;
  readonly disk_fault: string | null;
  /** What the job before left on it is being kept in a snapshot. */
  readonly disk_is_held: boolean;
  /** The job that has it. */
  readonly disk_holder: string | null;
}

const SQL = `
SELECT disk_id, disk_name, is_deleted, state AS disk_state, last_fault AS disk_fault,
  coalesce(held_until > now(), false) AS disk_is_held, (
  SELECT holder.reservation_id FROM reservations holder
  WHERE holder.reservation_id = disks.reservation_id AND cleaned_at IS NULL
) AS disk_holder
FROM disks WHERE user_id = $1::integer AND disk_name = $2 AND state <> 'gone'`;

/** @returns undefined where there is none: it would be made. */
export async function findDiskWish(
  db: Queryable,
  { userId, diskName }: DiskName,
): Promise<DiskWishRow | undefined> {
  return (await db.query<DiskWishRow>(SQL, [userId, diskName])).rows[0];
}
