/** Ends a key and puts another in its place, in one statement: of two at once one succeeds. */
import type { Queryable } from "../../queryable.ts";
import { KEY_COLUMNS, type KeyRow } from "./key-row.ts";

export interface RotateKeyArgs {
  /** The key that ends. */
  readonly keyId: number;
  /** SHA-256 in hex of the one that begins. */
  readonly keyHash: string;
  readonly keyPrefix: string;
  readonly description: string;
  /** Cut to what is left of the login. */
  readonly ttlSeconds: number;
}

const SQL = `
WITH ended AS (
  UPDATE api_keys SET revoked_at = now()
  WHERE key_id = $1::integer AND revoked_at IS NULL AND expires_at > now()
  RETURNING user_id, login_expires_at
)
INSERT INTO api_keys (user_id, key_hash, key_prefix, description, expires_at, login_expires_at)
SELECT user_id, $2, $3, $4,
  least(now() + make_interval(secs => $5::double precision), login_expires_at), login_expires_at
FROM ended
RETURNING ${KEY_COLUMNS}`;

/** @returns undefined when the key that asked has ended meanwhile. */
export async function rotateKey(db: Queryable, args: RotateKeyArgs): Promise<KeyRow | undefined> {
  const { keyId, keyHash, keyPrefix, description, ttlSeconds } = args;
  const values = [keyId, keyHash, keyPrefix, description, ttlSeconds];
  const { rows } = await db.query<KeyRow>(SQL, values);
  return rows[0];
}
