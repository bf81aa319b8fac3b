/** Takes an idempotency key, and waits for whoever is about to take it. */
import type { Queryable } from "../../queryable.ts";

export interface IdempotencyKey {
  readonly userId: number;
  /** Method and pattern, such as `POST /v1/jobs/submit`. */
  readonly route: string;
  readonly key: string;
}

export interface ClaimKeyArgs extends IdempotencyKey {
  /** SHA-256 in hex of the request. */
  readonly fingerprint: string;
  readonly ttlSeconds: number;
}

const SQL = `
WITH forgotten AS (
  DELETE FROM idempotency_keys WHERE (user_id, route, idempotency_key) IN (
    SELECT user_id, route, idempotency_key FROM idempotency_keys
    WHERE expires_at <= now()
      AND (user_id, route, idempotency_key) <> ($1, $2, $3)
    ORDER BY expires_at LIMIT 10
    FOR UPDATE SKIP LOCKED
  )
)
INSERT INTO idempotency_keys AS mine (user_id, route, idempotency_key, fingerprint, expires_at)
VALUES ($1::integer, $2, $3, $4, now() + make_interval(secs => $5::double precision))
ON CONFLICT (user_id, route, idempotency_key) DO UPDATE
  SET fingerprint = excluded.fingerprint, status = NULL, response = NULL,
    created_at = now(), expires_at = excluded.expires_at
  WHERE mine.expires_at <= now()`;

/** @returns false when somebody has it already. */
export async function claimKey(db: Queryable, args: ClaimKeyArgs): Promise<boolean> {
  const { userId, route, key, fingerprint, ttlSeconds } = args;
  const { rowCount } = await db.query(SQL, [userId, route, key, fingerprint, ttlSeconds]);
  return rowCount === 1;
}
