/** Disks and their operations as a client sees them. */
import type { Disk, DiskContent, DiskOperation } from "@airlock/contract";
import type { DiskOperationRow, DiskRow } from "@airlock/jobs-store";
import { isoTime, isoTimeOrNull } from "../times.ts";

export const diskBody = (row: DiskRow): Disk => ({
  disk_name: row.disk_name,
  user_id: row.username,
  size_gb: row.size_gb,
  created_at: isoTime(row.created_at),
  last_used: isoTimeOrNull(row.last_used),
  in_use: row.in_use,
  reservation_id: row.reservation_id,
  is_backing_up: row.is_backing_up,
  is_deleted: row.is_deleted,
  snapshot_count: row.snapshot_count,
  ...(row.delete_date !== null && { delete_date: row.delete_date }),
});

export const operationBody = (row: DiskOperationRow): DiskOperation => ({
  operation_id: row.operation_id,
  disk_name: row.disk_name,
  action: row.action,
  status: row.status,
  error: row.error,
  is_deleted: row.is_deleted,
  delete_date: row.delete_date,
  created_at: isoTime(row.created_at),
  last_updated: isoTime(row.updated_at),
  completed: row.completed_at !== null,
});

/** Where the listing is; this service has no AWS credentials to fetch it with. */
export function contentBody(row: DiskRow): DiskContent {
  const path = row.latest_snapshot_content_s3;
  return {
    disk_name: row.disk_name,
    content: null,
    s3_path: path,
    snapshot_date: isoTimeOrNull(row.last_snapshot_at),
    message:
      path === null
        ? "No snapshot contents available: a listing is made with the disk's first snapshot."
        : "The listing is an object at s3_path; read it through /storage.",
  };
}
