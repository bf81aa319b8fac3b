/** Whether what lasts may go on: each as it stands with its job, its key and its user. */
import type { Queryable } from "../../queryable.ts";
import type { JobState } from "./job-states.ts";

export interface StandingArgs {
  readonly reservationId: string;
  /** Of its owner. */
  readonly keyPrefix: string;
}

export interface StandingRow {
  /** Null when the job is forgotten. */
  readonly status: JobState | null;
  /** False: its owner was shut out. */
  readonly is_active: boolean;
  /** A key that has expired, and was forgotten since, is not. */
  readonly is_revoked: boolean;
}

const SQL = `
SELECT status, coalesce(is_active, false) AS is_active, coalesce((
  SELECT bool_and(revoked_at IS NOT NULL) FROM api_keys
  WHERE api_keys.user_id = reservations.user_id AND api_keys.key_prefix = asked.key_prefix
), false) AS is_revoked
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (reservation_id, key_prefix, place)
LEFT JOIN reservations ON reservations.reservation_id = asked.reservation_id
LEFT JOIN api_users ON api_users.user_id = reservations.user_id
ORDER BY place`;

/** @returns as many rows as were asked for, in their order. */
export async function checkStanding(
  db: Queryable,
  asked: readonly StandingArgs[],
): Promise<StandingRow[]> {
  const ids = asked.map(({ reservationId }) => reservationId);
  const prefixes = asked.map(({ keyPrefix }) => keyPrefix);
  return (await db.query<StandingRow>(SQL, [ids, prefixes])).rows;
}
