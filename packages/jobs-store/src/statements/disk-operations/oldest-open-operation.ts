/** How long the change of a disk that has been open longest is. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::double precision AS age_seconds
FROM disk_operations WHERE completed_at IS NULL`;

/** @returns seconds; 0 when none is open. */
export async function oldestOpenOperationSeconds(db: Queryable): Promise<number> {
  return (await db.query<{ age_seconds: number }>(SQL, [])).rows[0]?.age_seconds ?? 0;
}
