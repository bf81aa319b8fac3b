/** Disks, their snapshots and their operations as a client sees them. */
import type { Disk, DiskContent, DiskOperation, DiskSnapshot } from "@airlock/contract";
import type { ContentRow, DiskOperationRow, DiskRow, SnapshotRow } from "@airlock/jobs-store";
import { isoTime, isoTimeOrNull } from "../times.ts";

export const diskBody = (row: DiskRow): Disk => ({
  disk_id: row.disk_id,
  disk_name: row.disk_name,
  user_id: row.username,
  state: stateOf(row),
  size_gb: row.size_gb,
  disk_size: row.disk_size,
  created_at: isoTime(row.created_at),
  last_used: isoTimeOrNull(row.last_used),
  in_use: row.in_use,
  reservation_id: row.reservation_id,
  is_backing_up: row.is_backing_up,
  is_deleted: row.is_deleted,
  snapshot_count: row.snapshot_count,
  last_snapshot_at: isoTimeOrNull(row.last_snapshot_at),
  warning: warningOf(row),
  ...(row.delete_date !== null && { delete_date: row.delete_date }),
});

function stateOf(row: DiskRow): Disk["state"] {
  if (row.is_deleted) return "deleted";
  if (row.state === "failed" || row.has_failed) return "failed";
  if (row.state === "wanted" || row.state === "copying") return "creating";
  if (row.in_use) return "attached";
  return row.is_backing_up ? "snapshotting" : "ready";
}

function warningOf({ last_fault, snapshot_error }: DiskRow): string | null {
  if (last_fault !== null) return last_fault;
  return snapshot_error === null ? null : `Its newest snapshot failed: ${snapshot_error}`;
}

export const snapshotBody = (row: SnapshotRow): DiskSnapshot => ({
  snapshot_id: row.snapshot_id,
  state: SNAPSHOT_STATES[row.state],
  reason: row.reason,
  reservation_id: row.reservation_id,
  size_gb: row.size_gb,
  created_at: isoTime(row.created_at),
  ready_at: isoTimeOrNull(row.ready_at),
  error: row.error,
  has_content: row.has_content,
});

const SNAPSHOT_STATES: { readonly [S in SnapshotRow["state"]]: DiskSnapshot["state"] } = {
  wanted: "creating",
  taking: "creating",
  ready: "ready",
  failed: "failed",
  deleting: "deleting",
  gone: "deleting",
};

export const operationBody = (row: DiskOperationRow): DiskOperation => ({
  operation_id: row.operation_id,
  disk_name: row.disk_name,
  action: row.action,
  status: row.status,
  error: row.error,
  snapshot_id: row.snapshot_id,
  is_deleted: row.is_deleted,
  delete_date: row.delete_date,
  created_at: isoTime(row.created_at),
  last_updated: isoTime(row.updated_at),
  completed: row.completed_at !== null,
});

/** The one or the other: released clients show what they find first. */
export function contentBody({ disk_name }: DiskRow, found: ContentRow | undefined): DiskContent {
  const content = found?.content ?? null;
  return {
    disk_name,
    content,
    s3_path: null,
    snapshot_date: content === null ? null : isoTimeOrNull(found?.taken_at ?? null),
    message: content === null ? whyNoContent(found) : null,
  };
}

function whyNoContent(found: ContentRow | undefined): string {
  const none = "No snapshot contents available";
  if (found === undefined) return `${none}: a listing is made of the disk's first snapshot.`;
  if (found.state === "failed") return `${none}: the disk's newest snapshot failed.`;
  if (found.state !== "ready") return `${none} yet: the snapshot is being made.`;
  if (found.content_error !== null) return `${none}: ${found.content_error}`;
  return found.content_state === null
    ? `${none}: nobody has listed what is in the newest one.`
    : `${none} yet: the listing is being made.`;
}
