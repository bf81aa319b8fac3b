/** Gives a job back that has not started yet, with what its owner is to know of how far it is. */
import type { Queryable } from "../../queryable.ts";
import { isNews } from "./job-words.ts";
import { dueSql, keepingCalls } from "./move-job.ts";

export interface TellJobArgs {
  readonly reservationId: string;
  readonly lease: string;
  /** Until the next look; null: until somebody calls for one. */
  readonly seconds: number | null;
  readonly detail: string;
  /** Of the event. */
  readonly kind: string;
  /** Beside the words. */
  readonly data?: object | undefined;
}

const SQL = `
WITH told AS (
  SELECT reservation_id AS id, ${isNews("$4::text")} AS is_news FROM reservations
  WHERE reservation_id = $1 AND lease_token = $2::uuid AND lease_until > now() FOR UPDATE
), changed AS (
  UPDATE reservations SET current_detailed_status = $4, version = version + is_news::integer,
    due_at = ${keepingCalls(dueSql("$3"))}, lease_token = NULL, lease_until = NULL, faults = 0, last_fault = NULL
  FROM told WHERE reservation_id = id
  RETURNING reservation_id, version, is_news
), events AS (
  INSERT INTO job_events (reservation_id, seq, kind, actor, data)
  SELECT reservation_id, version, $5, 'processor', $6::jsonb || jsonb_build_object('detail', $4::text)
  FROM changed WHERE is_news
)
SELECT reservation_id FROM changed`;

/** @returns false when the lease is somebody else's or over. */
export async function tellJob(db: Queryable, args: TellJobArgs): Promise<boolean> {
  const { reservationId, lease, seconds, detail, kind, data = {} } = args;
  const values = [reservationId, lease, seconds, detail, kind, JSON.stringify(data)];
  return (await db.query(SQL, values)).rows.length > 0;
}
