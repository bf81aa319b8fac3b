/** What happened to many jobs since each of them was looked at last, in one look. */
import type { Queryable } from "../../queryable.ts";
import type { JobEventRow } from "./list-job-events.ts";

export interface JobNewsArgs {
  readonly reservationId: string;
  /** The number of the last event that is known; 0 for none. */
  readonly after: number;
}

export interface JobNews {
  readonly reservation_id: string;
  /** The number of its last event; null when the job is forgotten. */
  readonly version: number | null;
  /** Nothing will happen to it any more. */
  readonly is_over: boolean;
  /** From the first that was not known on, as many as were asked for. */
  readonly events: readonly JobEventRow[];
}

/** A row's version and its events are of the same moment, so that none can be missing between them. */
const SQL = `
SELECT asked.id AS reservation_id, version, reservations.reservation_id IS NULL OR cleaned_at IS NOT NULL AS is_over,
  coalesce(events, '[]') AS events
FROM unnest($1::text[], $2::integer[]) AS asked (id, after)
LEFT JOIN reservations ON reservations.reservation_id = asked.id
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object(
    'seq', seq, 'at', at, 'kind', kind, 'actor', actor, 'data', data) ORDER BY seq) AS events
  FROM (
    SELECT seq, at, kind, actor, data FROM job_events
    WHERE job_events.reservation_id = asked.id AND seq > asked.after
    ORDER BY seq LIMIT $3::integer
  ) AS next
) AS news ON version > asked.after
WHERE reservations.reservation_id IS NULL OR version > asked.after OR cleaned_at IS NOT NULL`;

/** @returns those of which there is something to tell: events, or that there will be none. */
export async function readJobNews(
  db: Queryable,
  asked: readonly JobNewsArgs[],
  limit: number,
): Promise<JobNews[]> {
  const ids = asked.map(({ reservationId }) => reservationId);
  const afters = asked.map(({ after }) => after);
  const { rows } = await db.query<JobNews>(SQL, [ids, afters, limit]);
  return rows.map((row) => ({
    ...row,
    events: row.events.map((event) => ({ ...event, at: new Date(event.at) })),
  }));
}
