/** A disk as its owner sees it. */
export interface DiskRow {
  readonly disk_id: string;
  readonly user_id: number;
  readonly username: string;
  readonly disk_name: string;
  readonly size_gb: number | null;
  /** How much is used, as du says it: 1.2G. */
  readonly disk_size: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly last_used: Date | null;
  /** The job that has it mounted. */
  readonly reservation_id: string | null;
  readonly in_use: boolean;
  readonly ebs_volume_id: string | null;
  readonly is_backing_up: boolean;
  readonly snapshot_count: number;
  readonly pending_snapshot_count: number;
  readonly last_snapshot_at: Date | null;
  readonly latest_snapshot_content_s3: string | null;
  readonly is_deleted: boolean;
  readonly marked_deleted_at: Date | null;
  /** YYYY-MM-DD in UTC: a date has no hour that a time zone could move. */
  readonly delete_date: string | null;
}

export const DISK_COLUMNS = `
  disk_id, user_id, username, disk_name, size_gb, disk_size, disks.created_at, updated_at,
  last_used, reservation_id, in_use, ebs_volume_id, is_backing_up, snapshot_count,
  pending_snapshot_count, last_snapshot_at, latest_snapshot_content_s3, is_deleted,
  marked_deleted_at, delete_date::text`;

/** A disk by its owner and name. */
export interface DiskName {
  readonly userId: number;
  readonly diskName: string;
}
