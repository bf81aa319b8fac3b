/** Takes disks that somebody has to look at, each for one holder and for a while. */
import type { Queryable } from "../../queryable.ts";
import type { DiskAction } from "../disk-operations/insert-disk-operation.ts";
import type { DiskState } from "./disk-states.ts";
import type { ContentState, SnapshotState } from "./snapshot-row.ts";

export interface ClaimDueDisksArgs {
  /** UUID of the holder: what it writes carries it. */
  readonly lease: string;
  readonly leaseSeconds: number;
  readonly limit: number;
}

/** A disk as its processor sees it, with all that is open of it. */
export interface DueDisk {
  readonly disk_id: string;
  readonly username: string;
  readonly state: DiskState;
  readonly size_gb: number | null;
  readonly is_deleted: boolean;
  /** It can be restored no more. */
  readonly is_past_date: boolean;
  readonly faults: number;
  readonly source_disk_id: string | null;
  readonly source_snapshot_id: string | null;
  /** Null: it is not there, or none is known yet. */
  readonly source_snapshot_state: SnapshotState | null;
  readonly source_snapshot_error: string | null;
  readonly source_snapshot_size_gb: number | null;
  readonly operations: readonly OpenOperation[];
  readonly snapshots: readonly OpenSnapshot[];
}

export interface OpenOperation {
  readonly operation_id: string;
  readonly action: DiskAction;
  /** That is asked for. */
  readonly size_gb: number | null;
  /** That it made. */
  readonly snapshot_id: string | null;
  readonly age_seconds: number;
}

/** One that is not as it is to stay. */
export interface OpenSnapshot {
  readonly snapshot_id: string;
  readonly state: SnapshotState;
  readonly is_cut: boolean;
  readonly size_gb: number | null;
  readonly age_seconds: number;
  readonly content_state: ContentState | null;
  readonly content_age_seconds: number | null;
  /** There is no newer one that is ready. */
  readonly is_newest: boolean;
  /** Disks are made of it. */
  readonly is_needed: boolean;
}

const ageOf = (time: string) => `extract(epoch FROM now() - ${time})::double precision`;

const OPERATIONS = `
  SELECT jsonb_agg(jsonb_build_object('operation_id', operation_id, 'action', action,
    'size_gb', disk_operations.size_gb, 'snapshot_id', snapshot_id,
    'age_seconds', ${ageOf("disk_operations.created_at")}) ORDER BY created_at, operation_id)
  FROM disk_operations WHERE disk_operations.disk_id = held.disk_id AND completed_at IS NULL`;

const SNAPSHOTS = `
  SELECT jsonb_agg(jsonb_build_object('snapshot_id', snapshot_id, 'state', one.state,
    'is_cut', cut_at IS NOT NULL, 'size_gb', one.size_gb,
    'age_seconds', ${ageOf("one.created_at")},
    'content_state', content_state, 'content_age_seconds', ${ageOf("content_since")},
    'is_newest', NOT EXISTS (
      SELECT FROM disk_snapshots newer WHERE newer.disk_id = one.disk_id
        AND newer.state = 'ready' AND newer.created_at > one.created_at
    ),
    'is_needed', EXISTS (
      SELECT FROM disks made WHERE made.source_snapshot_id = one.snapshot_id
        AND made.state IN ('copying', 'ready')
    )) ORDER BY one.created_at, snapshot_id)
  FROM disk_snapshots one WHERE one.disk_id = held.disk_id AND (
    one.state IN ('wanted', 'taking', 'deleting')
    OR content_state IN ('wanted', 'reading', 'clearing')
  )`;

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
SELECT held.disk_id, username, held.state, held.size_gb, is_deleted,
  is_deleted AND delete_date <= (now() AT TIME ZONE 'UTC')::date AS is_past_date, faults,
  source_disk_id, source_snapshot_id, source.state AS source_snapshot_state,
  source.error AS source_snapshot_error, source.size_gb AS source_snapshot_size_gb,
  coalesce((${OPERATIONS}), '[]') AS operations, coalesce((${SNAPSHOTS}), '[]') AS snapshots
FROM held JOIN api_users USING (user_id)
LEFT JOIN disk_snapshots source ON source.snapshot_id = source_snapshot_id`;

export async function claimDueDisks(
  db: Queryable,
  { lease, leaseSeconds, limit }: ClaimDueDisksArgs,
): Promise<DueDisk[]> {
  return (await db.query<DueDisk>(SQL, [lease, leaseSeconds, limit])).rows;
}
