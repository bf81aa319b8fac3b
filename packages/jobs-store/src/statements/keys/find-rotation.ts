/** Whose key it was, of a key that a rotation ended a moment ago: for the repeat of that rotation. */
import type { Queryable } from "../../queryable.ts";

export interface FindRotationArgs {
  /** SHA-256 in hex of the key that was ended. */
  readonly keyHash: string;
  /** Of the rotation, as the idempotency key was claimed. */
  readonly route: string;
  readonly key: string;
  readonly withinSeconds: number;
}

export interface RotatedKeyRow {
  readonly key_prefix: string;
  readonly user_id: number;
  readonly username: string;
}

// one transaction ends a key and claims the idempotency key, so both have its very time
const SQL = `
SELECT key_prefix, user_id, username
FROM api_keys JOIN api_users USING (user_id) JOIN idempotency_keys USING (user_id)
WHERE key_hash = $1 AND is_active
  AND revoked_at > now() - make_interval(secs => $4::double precision)
  AND route = $2 AND idempotency_key = $3 AND idempotency_keys.created_at = revoked_at`;

/** @returns undefined unless this very rotation ended the key, within that time. */
export async function findRotation(
  db: Queryable,
  { keyHash, route, key, withinSeconds }: FindRotationArgs,
): Promise<RotatedKeyRow | undefined> {
  const values = [keyHash, route, key, withinSeconds];
  return (await db.query<RotatedKeyRow>(SQL, values)).rows[0];
}
