/** The types of machines that jobs wait for. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
SELECT DISTINCT gpu_type FROM reservations WHERE status IN ('queued', 'pending') ORDER BY gpu_type`;

export async function listWaitingTypes(db: Queryable): Promise<string[]> {
  return (await db.query<{ gpu_type: string }>(SQL)).rows.map(({ gpu_type }) => gpu_type);
}
