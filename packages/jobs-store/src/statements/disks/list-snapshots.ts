/** A disk's snapshots, newest first. */
import type { Queryable } from "../../queryable.ts";
import { SNAPSHOT_COLUMNS, type SnapshotRow } from "./snapshot-row.ts";

const SQL = `
SELECT ${SNAPSHOT_COLUMNS} FROM disk_snapshots WHERE disk_id = $1::uuid
ORDER BY created_at DESC, snapshot_id`;

export async function listSnapshots(db: Queryable, diskId: string): Promise<SnapshotRow[]> {
  return (await db.query<SnapshotRow>(SQL, [diskId])).rows;
}
