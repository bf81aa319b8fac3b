/** Gives a job back for which something went wrong: later each time. */
import type { Queryable } from "../../queryable.ts";
import { isNews } from "./job-words.ts";
import { dueSql } from "./move-job.ts";

export interface FaultJobArgs {
  readonly reservationId: string;
  readonly lease: string;
  /** For operators. */
  readonly fault: string;
  /** For its owner; undefined: nothing to tell. */
  readonly detail?: string | undefined;
  readonly seconds: number;
}

const SQL = `
WITH told AS (
  SELECT reservation_id AS id, $4::text IS NOT NULL AND ${isNews("$4::text")} AS is_news FROM reservations
  WHERE reservation_id = $1 AND lease_token = $2::uuid FOR UPDATE
), changed AS (
  UPDATE reservations SET due_at = ${dueSql("$5")}, lease_token = NULL, lease_until = NULL,
    faults = faults + 1, last_fault = $3, version = version + is_news::integer,
    current_detailed_status = coalesce($4, current_detailed_status)
  FROM told WHERE reservation_id = id
  RETURNING reservation_id, version, is_news, faults
)
INSERT INTO job_events (reservation_id, seq, kind, actor, data)
SELECT reservation_id, version, 'tried_again', 'processor',
  jsonb_build_object('detail', $4::text, 'try', faults)
FROM changed WHERE is_news`;

export async function faultJob(db: Queryable, args: FaultJobArgs): Promise<void> {
  const { reservationId, lease, fault, detail, seconds } = args;
  await db.query(SQL, [reservationId, lease, fault, detail ?? null, seconds]);
}
