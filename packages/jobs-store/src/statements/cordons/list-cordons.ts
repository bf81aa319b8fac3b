/** What operators have closed. */
import type { Queryable } from "../../queryable.ts";

export interface CordonRow {
  /** One of the two is null. */
  readonly gpu_type: string | null;
  readonly node_name: string | null;
  readonly reason: string;
  readonly set_by: string;
  readonly set_at: Date;
}

const SQL = `
SELECT gpu_type, node_name, reason, set_by, set_at FROM cordons
ORDER BY gpu_type NULLS LAST, node_name`;

export async function listCordons(db: Queryable): Promise<CordonRow[]> {
  return (await db.query<CordonRow>(SQL)).rows;
}
