/** The disk that a job names: the one its owner has, or else a new one. */
import type { Queryable } from "../../queryable.ts";
import type { DiskName } from "./disk-row.ts";

export interface ClaimedDisk {
  readonly disk_id: string;
  readonly is_deleted: boolean;
}

// nobody deletes it before the job's row is there: whoever wants to waits for this lock
const FIND = `
SELECT disk_id, is_deleted FROM disks WHERE user_id = $1::integer AND disk_name = $2
FOR KEY SHARE`;

const MAKE = `
INSERT INTO disks (user_id, disk_name, size_gb, due_at)
VALUES ($1::integer, $2, $3::integer, now())
ON CONFLICT ON CONSTRAINT disks_name DO NOTHING
RETURNING disk_id, is_deleted`;

/**
 * Run it in the transaction that writes the job down.
 *
 * @param args.sizeGb of a new one.
 */
export async function claimDisk(
  transaction: Queryable,
  { userId, diskName, sizeGb }: DiskName & { readonly sizeGb: number },
): Promise<ClaimedDisk> {
  const ask = (text: string, values: readonly unknown[]) =>
    transaction.query<ClaimedDisk>(text, values).then(({ rows }) => rows[0]);
  const disk =
    (await ask(FIND, [userId, diskName])) ??
    (await ask(MAKE, [userId, diskName, sizeGb])) ??
    // somebody was faster
    (await ask(FIND, [userId, diskName]));
  if (!disk) throw new Error("a disk was there and is gone");
  return disk;
}
