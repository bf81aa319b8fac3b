/** Writes down why jobs wait: no change of theirs, but of what is around them. */
import type { Queryable } from "../../queryable.ts";
import { isNews } from "./job-words.ts";

const SQL = `
WITH told AS (
  SELECT reservation_id AS id, words, ${isNews("words")} AS is_news FROM reservations
  JOIN unnest($1::text[], $2::text[]) AS said (id, words) ON said.id = reservation_id
  WHERE status IN ('queued', 'pending')
    AND current_detailed_status IS DISTINCT FROM words
  ORDER BY reservation_id FOR UPDATE OF reservations SKIP LOCKED
), changed AS (
  UPDATE reservations SET current_detailed_status = words, version = version + is_news::integer
  FROM told WHERE reservation_id = id
  RETURNING reservation_id, version, words, is_news
), events AS (
  INSERT INTO job_events (reservation_id, seq, kind, actor, data)
  SELECT reservation_id, version, 'waiting', 'processor', jsonb_build_object('detail', words)
  FROM changed WHERE is_news
)
SELECT reservation_id FROM changed WHERE is_news`;

/** @returns those to whom it was new. */
export async function tellWaitingJobs(
  db: Queryable,
  words: ReadonlyMap<string, string>,
): Promise<string[]> {
  if (words.size === 0) return [];
  const { rows } = await db.query<{ reservation_id: string }>(SQL, [
    [...words.keys()],
    [...words.values()],
  ]);
  return rows.map(({ reservation_id }) => reservation_id);
}
