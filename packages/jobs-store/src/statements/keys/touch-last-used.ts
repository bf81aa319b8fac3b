/** Notes that a key is in use, once a minute at most: a write for each request is too much. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE api_keys SET last_used_at = now()
WHERE key_id = $1::integer
  AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute')`;

export async function touchLastUsed(db: Queryable, keyId: number): Promise<void> {
  await db.query(SQL, [keyId]);
}
