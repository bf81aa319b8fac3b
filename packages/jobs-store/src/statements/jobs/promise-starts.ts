/** Writes down the first start that a waiting job is told: how good such words are is seen when it starts. */
import type { Queryable } from "../../queryable.ts";

export interface PromisedStart {
  readonly reservationId: string;
  readonly p50Ms: number;
  readonly p90Ms: number;
}

const SQL = `
WITH told AS (
  SELECT reservation_id, p50, p90 FROM reservations
  JOIN unnest($1::text[], $2::double precision[], $3::double precision[]) AS said (id, p50, p90)
    ON id = reservation_id
  WHERE status IN ('queued', 'pending') AND promised_p50_at IS NULL
  ORDER BY reservation_id FOR UPDATE OF reservations SKIP LOCKED
)
UPDATE reservations SET promised_p50_at = to_timestamp(p50 / 1000),
  promised_p90_at = to_timestamp(p90 / 1000)
FROM told WHERE reservations.reservation_id = told.reservation_id`;

export async function promiseStarts(
  db: Queryable,
  starts: readonly PromisedStart[],
): Promise<void> {
  if (starts.length === 0) return;
  await db.query(SQL, [
    starts.map(({ reservationId }) => reservationId),
    starts.map(({ p50Ms }) => p50Ms),
    starts.map(({ p90Ms }) => p90Ms),
  ]);
}
