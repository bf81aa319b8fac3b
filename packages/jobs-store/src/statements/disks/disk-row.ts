/** A disk as its owner sees it. */
import type { DiskState } from "./disk-states.ts";

export interface DiskRow {
  readonly disk_id: string;
  readonly user_id: number;
  readonly username: string;
  readonly disk_name: string;
  /** Of its volume. */
  readonly state: DiskState;
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
  /** Why its volume is not there yet, in a sentence. */
  readonly last_fault: string | null;
  /** Whoever asked for it was told that it is not made. */
  readonly has_failed: boolean;
  /** Why there is no newer snapshot, in a sentence. */
  readonly snapshot_error: string | null;
  readonly is_deleted: boolean;
  readonly marked_deleted_at: Date | null;
  /** YYYY-MM-DD in UTC: a date has no hour that a time zone could move. */
  readonly delete_date: string | null;
}

export const DISK_COLUMNS = `
  disk_id, user_id, username, disk_name, state, size_gb, disk_size, disks.created_at, updated_at,
  last_used, reservation_id, in_use, ebs_volume_id, is_backing_up, snapshot_count,
  pending_snapshot_count, last_snapshot_at, is_deleted, marked_deleted_at, delete_date::text,
  last_fault,
  state IN ('wanted', 'copying') AND last_fault IS NOT NULL AND EXISTS (
    SELECT FROM disk_operations WHERE disk_operations.disk_id = disks.disk_id
      AND action IN ('create', 'clone') AND status = 'failed'
  ) AS has_failed,
  (
    SELECT newest.error FROM disk_snapshots newest
    WHERE newest.disk_id = disks.disk_id AND newest.state IN ('ready', 'failed')
    ORDER BY newest.created_at DESC, newest.snapshot_id LIMIT 1
  ) AS snapshot_error`;

/** A disk by its owner and name. */
export interface DiskName {
  readonly userId: number;
  readonly diskName: string;
}
