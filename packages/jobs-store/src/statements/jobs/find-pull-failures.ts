/** How often a job's image could not be pulled since the job has its node. */
import type { Queryable } from "../../queryable.ts";

export interface PullFailures {
  readonly count: number;
  /** Of the last one; null when there was none. */
  readonly age_seconds: number | null;
}

const SQL = `
SELECT count(*)::integer AS count,
  extract(epoch FROM now() - max(at))::double precision AS age_seconds
FROM job_events JOIN reservations USING (reservation_id)
WHERE reservation_id = $1 AND kind = 'pull_failed' AND at >= status_since`;

export async function findPullFailures(
  db: Queryable,
  reservationId: string,
): Promise<PullFailures> {
  const { rows } = await db.query<PullFailures>(SQL, [reservationId]);
  return rows[0] ?? { count: 0, age_seconds: null };
}
