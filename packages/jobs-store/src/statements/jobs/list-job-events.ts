/** What happened to a job, in its order; the first number is the first event's. */
import type { Queryable } from "../../queryable.ts";

export interface JobEventRow {
  readonly seq: number;
  readonly at: Date;
  readonly kind: string;
  readonly actor: "user" | "processor" | "operator";
  readonly data: Readonly<Record<string, unknown>>;
}

const SQL = `
SELECT seq, at, kind, actor, data FROM job_events
WHERE reservation_id = $1 AND seq > $2::integer
ORDER BY seq LIMIT $3::integer`;

/** @param after the number of the last one that is known; 0 for none. */
export async function listJobEvents(
  db: Queryable,
  { reservationId, after = 0, limit = 1000 }: ListJobEventsArgs,
): Promise<JobEventRow[]> {
  return (await db.query<JobEventRow>(SQL, [reservationId, after, limit])).rows;
}

export interface ListJobEventsArgs {
  readonly reservationId: string;
  readonly after?: number;
  readonly limit?: number;
}
