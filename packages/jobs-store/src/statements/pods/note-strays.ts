/** Writes down which pods were found that no job has, for operators. */
import type { Queryable } from "../../queryable.ts";

export interface NotedStray {
  readonly uid: string;
  readonly podName: string;
  readonly reservationId: string;
  readonly kind: "orphan" | "unknown";
  readonly isRemoved: boolean;
}

/** So long is known what was removed. */
const KEEP = "7 days";

const SQL = `
WITH seen AS (
  INSERT INTO stray_pods (uid, pod_name, reservation_id, kind, removed_at)
  SELECT uid, pod_name, id, kind, CASE WHEN removed THEN now() END
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[])
    AS seen (uid, pod_name, id, kind, removed)
  ON CONFLICT (uid) DO UPDATE SET kind = excluded.kind, last_seen_at = now(),
    removed_at = excluded.removed_at
)
DELETE FROM stray_pods WHERE uid <> ALL ($1)
  -- one that was not removed and is not there any more ended by itself, or got its job back
  AND (removed_at IS NULL OR last_seen_at < now() - interval '${KEEP}')`;

/** @param strays all of them that are there now. */
export async function noteStrays(db: Queryable, strays: readonly NotedStray[]): Promise<void> {
  await db.query(SQL, [
    strays.map(({ uid }) => uid),
    strays.map(({ podName }) => podName),
    strays.map(({ reservationId }) => reservationId),
    strays.map(({ kind }) => kind),
    strays.map(({ isRemoved }) => isRemoved),
  ]);
}
