/** Adds the key of a login. Its life is counted by the database's clock. */
import type { Queryable } from "../../queryable.ts";
import { KEY_COLUMNS, type KeyRow } from "./key-row.ts";

export interface InsertKeyArgs {
  readonly userId: number;
  /** SHA-256 in hex. */
  readonly keyHash: string;
  readonly keyPrefix: string;
  readonly description: string;
  readonly ttlSeconds: number;
  /** How long successors of this key may live, counted from now; not less than `ttlSeconds`. */
  readonly loginTtlSeconds: number;
}

const SQL = `
INSERT INTO api_keys (user_id, key_hash, key_prefix, description, expires_at, login_expires_at)
VALUES ($1::integer, $2, $3, $4,
  now() + make_interval(secs => $5::double precision),
  now() + make_interval(secs => $6::double precision))
RETURNING ${KEY_COLUMNS}`;

/** @throws StoreError conflict `api_keys_active_prefix`: make another key. */
export async function insertKey(db: Queryable, args: InsertKeyArgs): Promise<KeyRow> {
  const { userId, keyHash, keyPrefix, description, ttlSeconds, loginTtlSeconds } = args;
  const values = [userId, keyHash, keyPrefix, description, ttlSeconds, loginTtlSeconds];
  const { rows } = await db.query<KeyRow>(SQL, values);
  return rows[0] as KeyRow;
}
