/** Writes down what became of a snapshot, and ends what was asked for with it. */
import type { Queryable } from "../../queryable.ts";
import { HELD_DISK, type HeldDisk } from "./held-disk.ts";

export type SnapshotMove =
  /** The cluster has been told. */
  | { readonly to: "taking" }
  /** It is not there yet, and what is in it stands still. */
  | { readonly to: "cut" }
  | { readonly to: "ready"; readonly sizeGb: number | null; readonly readsContent: boolean }
  | { readonly to: "failed"; readonly error: string };

export type MoveSnapshotArgs = HeldDisk & { readonly snapshotId: string } & SnapshotMove;

const SETS: { readonly [To in SnapshotMove["to"]]: string } = {
  taking: "state = 'taking'",
  cut: "cut_at = coalesce(cut_at, now())",
  ready: `state = 'ready', ready_at = now(), cut_at = coalesce(cut_at, now()),
    size_gb = coalesce($4::integer, size_gb),
    content_state = CASE WHEN $5::boolean THEN 'wanted' END, content_since = now()`,
  failed: "state = 'failed', error = $4::text",
};

const FROM: { readonly [To in SnapshotMove["to"]]: readonly string[] } = {
  taking: ["wanted"],
  cut: ["taking"],
  ready: ["taking"],
  failed: ["wanted", "taking"],
};

/** Jobs that want the disk, and disks that are made of the snapshot, go on. */
const FREEING = `, freed AS (
  UPDATE disks SET held_until = NULL FROM moved WHERE disks.disk_id = moved.disk_id
    AND NOT EXISTS (
      SELECT FROM disk_snapshots other WHERE other.disk_id = moved.disk_id AND reason = 'job'
        AND other.snapshot_id <> moved.snapshot_id AND state IN ('wanted', 'taking')
        AND cut_at IS NULL
    )
)`;
const ENDING = `, called AS (
  UPDATE disks SET due_at = now() FROM moved
  WHERE disks.source_snapshot_id = moved.snapshot_id AND disks.state = 'copying'
    AND disks.disk_id <> moved.disk_id
), ended AS (
  UPDATE disk_operations SET completed_at = now(), is_known = true, error = moved.error,
    status = CASE WHEN moved.error IS NULL THEN 'completed' ELSE 'failed' END
  FROM moved WHERE disk_operations.disk_id = moved.disk_id AND completed_at IS NULL
    AND disk_operations.snapshot_id = moved.snapshot_id
)`;

/** @returns false when it is somebody else's, or has come further already. */
export async function moveSnapshot(db: Queryable, args: MoveSnapshotArgs): Promise<boolean> {
  const { diskId, lease, snapshotId, to } = args;
  const isEnd = to === "ready" || to === "failed";
  const from = FROM[to].map((state) => `'${state}'`).join(", ");
  const text = `
WITH ${HELD_DISK}, moved AS (
  UPDATE disk_snapshots one SET ${SETS[to]}
  FROM held WHERE one.disk_id = held.disk_id AND snapshot_id = $3::uuid AND state IN (${from})
  RETURNING one.disk_id, one.snapshot_id, one.error
)${isEnd || to === "cut" ? FREEING : ""}${isEnd ? ENDING : ""}
SELECT FROM moved`;
  const values: unknown[] = [diskId, lease, snapshotId];
  if (args.to === "ready") values.push(args.sizeGb, args.readsContent);
  if (args.to === "failed") values.push(args.error);
  return (await db.query(text, values)).rowCount === 1;
}
