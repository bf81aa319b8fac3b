/** Takes disks that somebody has to look at, each for one holder and for a while. */
import type { Queryable } from "../../queryable.ts";

/**
 * Of its volume:
 * - wanted: it is to be made
 * - ready: it is there, or will be as soon as a pod mounts it
 * - snapshotting, deleting, gone: nothing brings a disk there yet
 */
export type DiskState = "wanted" | "ready" | "snapshotting" | "deleting" | "gone";

export interface ClaimDueDisksArgs {
  /** UUID of the holder: what it writes carries it. */
  readonly lease: string;
  readonly leaseSeconds: number;
  readonly limit: number;
}

export interface DueDisk {
  readonly disk_id: string;
  readonly username: string;
  readonly state: DiskState;
  readonly size_gb: number | null;
  readonly is_deleted: boolean;
  readonly faults: number;
}

const SQL = `
WITH due AS (
  SELECT disk_id FROM disks
  WHERE due_at <= now() AND (lease_until IS NULL OR lease_until <= now())
  ORDER BY due_at LIMIT $3::integer
  FOR NO KEY UPDATE SKIP LOCKED
), held AS (
  UPDATE disks SET lease_token = $1::uuid,
    lease_until = now() + make_interval(secs => $2::double precision),
    -- who dies with it is followed by another
    due_at = now() + make_interval(secs => $2::double precision)
  FROM due WHERE disks.disk_id = due.disk_id
  RETURNING disks.*
)
SELECT disk_id, username, state, size_gb, is_deleted, faults
FROM held JOIN api_users USING (user_id)`;

export async function claimDueDisks(
  db: Queryable,
  { lease, leaseSeconds, limit }: ClaimDueDisksArgs,
): Promise<DueDisk[]> {
  return (await db.query<DueDisk>(SQL, [lease, leaseSeconds, limit])).rows;
}
