/** Jobs of the last while: how long they ran of what they asked for, and when such jobs come. */
import type { Queryable } from "../../queryable.ts";

export interface RecentJobRow {
  readonly reservation_id: string;
  readonly user_id: number;
  readonly gpu_type: string;
  readonly gpu_count: number;
  readonly duration_hours: number;
  readonly created_at_ms: number;
  /** Of its time; null for one that has not ended, or never started. */
  readonly ran_part: number | null;
}

/** Of those that are over, of the last two weeks; of live ones all. */
const MOST = 4000;

const COLUMNS = `reservation_id, user_id, gpu_type, gpu_count, duration_hours,
  1000 * extract(epoch FROM created_at)::double precision AS created_at_ms`;

const SQL = `
(
  SELECT ${COLUMNS}, CASE WHEN launched_at IS NOT NULL THEN (
    extract(epoch FROM reservation_ended - launched_at) / 3600 / duration_hours
  )::double precision END AS ran_part
  FROM reservations
  WHERE cleaned_at IS NOT NULL AND reservation_ended > now() - interval '14 days'
  ORDER BY reservation_ended DESC LIMIT ${MOST}
) UNION ALL (
  SELECT ${COLUMNS}, NULL FROM reservations
  WHERE status IN ('queued', 'pending', 'preparing', 'creating_server', 'active')
    AND created_at > now() - interval '14 days'
  LIMIT ${MOST}
)`;

export async function listRecentJobs(db: Queryable): Promise<RecentJobRow[]> {
  return (await db.query<RecentJobRow>(SQL)).rows;
}
