/** The newest listing of what is on a disk, or why there is none. */
import type { Queryable } from "../../queryable.ts";
import type { ContentState, SnapshotState } from "./snapshot-row.ts";

export interface ContentRow {
  readonly state: SnapshotState;
  readonly content_state: ContentState | null;
  readonly content: string | null;
  readonly content_error: string | null;
  readonly taken_at: Date;
}

// one that has a listing before one that is newer and has none
const SQL = `
SELECT state, content_state, content, content_error, coalesce(cut_at, created_at) AS taken_at
FROM disk_snapshots WHERE disk_id = $1::uuid
ORDER BY content IS NOT NULL DESC, created_at DESC, snapshot_id LIMIT 1`;

/** @returns undefined while it has no snapshot. */
export async function findContent(db: Queryable, diskId: string): Promise<ContentRow | undefined> {
  return (await db.query<ContentRow>(SQL, [diskId])).rows[0];
}
