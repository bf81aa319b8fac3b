/** The guard of what is written about a disk that somebody holds: nothing, once it is somebody else's. */

/** A part of a WITH: `held (disk_id)`, of $1 and the lease $2. The row is locked, as before its snapshots everywhere. */
export const HELD_DISK = `held AS (
  SELECT disk_id FROM disks
  WHERE disk_id = $1::uuid AND lease_token = $2::uuid AND lease_until > now()
  FOR NO KEY UPDATE
)`;

export interface HeldDisk {
  readonly diskId: string;
  readonly lease: string;
}
