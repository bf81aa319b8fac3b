/** Writes down why jobs wait: no change of theirs, but of what is around them. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
WITH told AS (
  SELECT reservation_id, words FROM reservations
  JOIN unnest($1::text[], $2::text[]) AS said (id, words) ON id = reservation_id
  WHERE status IN ('queued', 'pending')
    AND current_detailed_status IS DISTINCT FROM words
  ORDER BY reservation_id FOR UPDATE OF reservations SKIP LOCKED
)
UPDATE reservations SET current_detailed_status = words
FROM told WHERE reservations.reservation_id = told.reservation_id`;

export async function tellWaitingJobs(
  db: Queryable,
  words: ReadonlyMap<string, string>,
): Promise<void> {
  if (words.size > 0) await db.query(SQL, [[...words.keys()], [...words.values()]]);
}
