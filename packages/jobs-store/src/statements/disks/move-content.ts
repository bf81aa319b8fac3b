/** Writes down how far the listing of a snapshot has come. */
import type { Queryable } from "../../queryable.ts";
import { HELD_DISK, type HeldDisk } from "./held-disk.ts";
import type { ContentState } from "./snapshot-row.ts";

export interface MoveContentArgs extends HeldDisk {
  readonly snapshotId: string;
  /** Null: nobody asks for it any more. */
  readonly to: ContentState | null;
  readonly found?: Listing | undefined;
  /** Why there is none, in a sentence. */
  readonly error?: string | undefined;
}

export interface Listing {
  readonly text: string;
  /** How much is used, as du says it. */
  readonly used: string | null;
}

const SQL = `
WITH ${HELD_DISK}, moved AS (
  UPDATE disk_snapshots one SET content_state = $4::varchar,
    content_since = CASE WHEN content_state IS DISTINCT FROM $4::varchar THEN now() ELSE content_since END,
    content = coalesce($5::text, content), content_error = coalesce($7::text, content_error)
  FROM held WHERE one.disk_id = held.disk_id AND snapshot_id = $3::uuid
  RETURNING one.disk_id
), used AS (
  UPDATE disks SET disk_size = $6::text FROM moved
  WHERE disks.disk_id = moved.disk_id AND $6::text IS NOT NULL
)
SELECT FROM moved`;

/** @returns false when it is somebody else's. */
export async function moveContent(db: Queryable, args: MoveContentArgs): Promise<boolean> {
  const { diskId, lease, snapshotId, to, found, error } = args;
  const listing = [found?.text ?? null, found?.used ?? null];
  const values = [diskId, lease, snapshotId, to, ...listing, error ?? null];
  return (await db.query(SQL, values)).rowCount === 1;
}
