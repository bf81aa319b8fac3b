/** Forgets nodes that went long ago, as clusters do that grow and shrink each day under new names. */
import type { Queryable } from "../../queryable.ts";
import type { PurgeArgs } from "../retention/purge-args.ts";

const SQL = `
DELETE FROM nodes WHERE node_name IN (
  SELECT node_name FROM nodes
  WHERE gone_at < now() - make_interval(days => $1::integer)
    -- when it came is asked of what is booked still
    AND NOT EXISTS (
      SELECT FROM job_pods WHERE job_pods.node_name = nodes.node_name AND released_at IS NULL
    )
  ORDER BY gone_at LIMIT $2::integer
)`;

/** Only the processor's role may. @returns how many rows are gone. */
export async function deleteGoneNodes(
  db: Queryable,
  { olderThanDays, limit }: PurgeArgs,
): Promise<number> {
  return (await db.query(SQL, [olderThanDays, limit])).rowCount ?? 0;
}
