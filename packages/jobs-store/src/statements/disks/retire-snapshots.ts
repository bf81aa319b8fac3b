/** Which snapshots are kept: the newest, and those that are young. */
import type { Queryable } from "../../queryable.ts";

export interface SnapshotRetention {
  /** So many of a disk stay, whatever their age. */
  readonly newest: number;
  /** And all that are younger. */
  readonly days: number;
}

// the disk is locked before its snapshots, as everywhere; whoever takes one away looks again whether it is needed
const RETIRE = `
WITH old AS (
  SELECT snapshot_id, disk_id FROM (
    SELECT snapshot_id, disk_id, created_at, content_state,
      row_number() OVER (PARTITION BY disk_id ORDER BY created_at DESC, snapshot_id) AS place
    FROM disk_snapshots WHERE state = 'ready'
  ) AS ready
  WHERE place > $1::integer AND created_at < now() - make_interval(days => $2::integer)
    AND coalesce(content_state, 'done') = 'done'
    AND NOT EXISTS (
      SELECT FROM disks made WHERE made.source_snapshot_id = snapshot_id
    )
), locked AS (
  SELECT disk_id FROM disks WHERE disk_id IN (SELECT disk_id FROM old)
  ORDER BY disk_id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
), retired AS (
  UPDATE disk_snapshots one SET state = 'deleting' FROM old JOIN locked USING (disk_id)
  WHERE one.snapshot_id = old.snapshot_id AND one.state = 'ready'
)
UPDATE disks SET due_at = now() FROM locked WHERE disks.disk_id = locked.disk_id`;

/** What went wrong is told for as long. */
const FORGET = `
DELETE FROM disk_snapshots
WHERE state = 'failed' AND created_at < now() - make_interval(days => greatest(1, $1::integer))
  AND coalesce(content_state, 'done') = 'done'`;

export async function retireSnapshots(
  db: Queryable,
  { newest, days }: SnapshotRetention,
): Promise<void> {
  await db.query(RETIRE, [newest, days]);
  await db.query(FORGET, [days]);
}
