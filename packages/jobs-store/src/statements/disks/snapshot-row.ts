/** A snapshot of a disk as its owner sees it. */

/**
 * - wanted: the cluster is to be told
 * - taking: it has been told
 * - ready, failed: it is there, or will not be
 * - deleting: the cluster is to take it away; then the row goes
 * - gone: of a version that never was at work
 */
export type SnapshotState = "wanted" | "taking" | "ready" | "failed" | "deleting" | "gone";

/** job: a job has ended; asked: by its owner; clone: another disk is made of it. */
export type SnapshotReason = "job" | "asked" | "clone";

/**
 * - wanted: what is in it is to be listed
 * - reading: whoever lists it stands in the cluster
 * - clearing: nobody of those is to be left
 * - done: there is a listing, or a reason why there is none
 */
export type ContentState = "wanted" | "reading" | "clearing" | "done";

export interface SnapshotRow {
  readonly snapshot_id: string;
  readonly state: SnapshotState;
  readonly reason: SnapshotReason;
  readonly reservation_id: string | null;
  readonly size_gb: number | null;
  readonly error: string | null;
  readonly created_at: Date;
  readonly ready_at: Date | null;
  readonly has_content: boolean;
}

export const SNAPSHOT_COLUMNS = `
  snapshot_id, state, reason, reservation_id, size_gb, error, created_at, ready_at,
  content IS NOT NULL AS has_content`;

/** In the cluster: the VolumeSnapshot's. */
export const SNAPSHOT_NAME = (id: string): string => `'snapshot-' || ${id}`;
