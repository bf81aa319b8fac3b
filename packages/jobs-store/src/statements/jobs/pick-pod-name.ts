/** The first of some pod names that no live job has. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
SELECT candidate
FROM unnest($1::text[]) WITH ORDINALITY AS names (candidate, place)
WHERE NOT EXISTS (
  SELECT FROM reservations
  WHERE namespace = 'gpu-dev' AND pod_name = candidate
    AND status IN ('queued', 'pending', 'preparing', 'creating_server', 'active')
)
ORDER BY place LIMIT 1`;

/**
 * Two requests at once may get the same answer; `reservations_live_pod_name` then lets one of them
 * insert its job.
 *
 * @param candidates the best first.
 */
export async function pickPodName(
  db: Queryable,
  candidates: readonly string[],
): Promise<string | undefined> {
  return (await db.query<{ candidate: string }>(SQL, [candidates])).rows[0]?.candidate;
}
