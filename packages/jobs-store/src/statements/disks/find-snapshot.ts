/** One snapshot of a disk. */
import type { Queryable } from "../../queryable.ts";
import { SNAPSHOT_COLUMNS, type SnapshotRow } from "./snapshot-row.ts";

const SQL = `
SELECT ${SNAPSHOT_COLUMNS} FROM disk_snapshots
WHERE disk_id = $1::uuid AND snapshot_id = $2::uuid`;

/** @param args.snapshotId must be a UUID. */
export async function findSnapshot(
  db: Queryable,
  { diskId, snapshotId }: { readonly diskId: string; readonly snapshotId: string },
): Promise<SnapshotRow | undefined> {
  return (await db.query<SnapshotRow>(SQL, [diskId, snapshotId])).rows[0];
}
