/** Everything that decides whether a key opens the door, by one look into one index. */
import { prepared } from "../../prepared.ts";
import type { Queryable } from "../../queryable.ts";

export interface FoundKey {
  readonly key_id: number;
  readonly key_prefix: string;
  readonly user_id: number;
  readonly username: string;
  readonly email: string | null;
  readonly aws_account: string;
  readonly aws_role: string;
  readonly aws_session: string;
  /** False: the user was shut out. */
  readonly is_active: boolean;
  readonly revoked: boolean;
  /** By the database's clock. */
  readonly expired: boolean;
  readonly expires_at: Date;
  /** What is left by the database's clock, for a cache with a clock of its own; may be negative. */
  readonly expires_in_ms: number;
  readonly last_used_at: Date | null;
}

const SQL = prepared(
  "find_key",
  `
SELECT key_id, key_prefix, user_id, username, email, aws_account, aws_role, aws_session,
  is_active,
  revoked_at IS NOT NULL AS revoked,
  expires_at <= now() AS expired,
  expires_at,
  (extract(epoch FROM expires_at - now()) * 1000)::double precision AS expires_in_ms,
  last_used_at
FROM api_keys JOIN api_users USING (user_id)
WHERE key_hash = $1`,
);

/** @param keyHash SHA-256 in hex. */
export async function findKeyByHash(db: Queryable, keyHash: string): Promise<FoundKey | undefined> {
  const { rows } = await db.query<FoundKey>(SQL, [keyHash]);
  return rows[0];
}
