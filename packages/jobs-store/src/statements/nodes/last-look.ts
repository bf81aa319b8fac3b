/** When a processor last saw all nodes, or that there are none. */
import type { Queryable } from "../../queryable.ts";

const SQL = "SELECT finished_at FROM duties WHERE name = 'nodes'";

/** @returns undefined when none ever has. */
export async function lastLook(db: Queryable): Promise<Date | undefined> {
  return (await db.query<{ finished_at: Date }>(SQL)).rows[0]?.finished_at;
}
