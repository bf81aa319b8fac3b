/** Whether a node of this name was seen, and is there still. */
import type { Queryable } from "../../queryable.ts";

const SQL = "SELECT FROM nodes WHERE node_name = $1 AND gone_at IS NULL";

export async function nodeExists(db: Queryable, name: string): Promise<boolean> {
  return (await db.query(SQL, [name])).rowCount === 1;
}
