/** Pods of jobs that this database does not know, and that an operator wants gone. */
import type { Queryable } from "../../queryable.ts";

const UNWANT = `
UPDATE stray_pods SET wanted_gone_at = now()
WHERE pod_name = $1 AND kind = 'unknown' AND removed_at IS NULL`;

/** @returns false when there is none of this name that waits for somebody to decide. */
export async function unwantStray(db: Queryable, podName: string): Promise<boolean> {
  return ((await db.query(UNWANT, [podName])).rowCount ?? 0) > 0;
}

const LIST = "SELECT uid FROM stray_pods WHERE wanted_gone_at IS NOT NULL AND removed_at IS NULL";

/** @returns their uids. */
export async function listUnwantedStrays(db: Queryable): Promise<string[]> {
  return (await db.query<{ uid: string }>(LIST)).rows.map(({ uid }) => uid);
}
