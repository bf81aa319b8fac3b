/** Keeps a user's newest keys and ends the others. Call it with the user's row locked. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE api_keys SET revoked_at = now()
WHERE key_id IN (
  SELECT key_id FROM api_keys
  WHERE user_id = $1::integer AND revoked_at IS NULL AND expires_at > now()
  ORDER BY created_at DESC, key_id DESC
  OFFSET $2::integer
)
RETURNING key_prefix`;

/** @returns the prefixes of the keys that were ended. */
export async function endOldestBeyond(
  db: Queryable,
  { userId, keep }: { readonly userId: number; readonly keep: number },
): Promise<string[]> {
  const { rows } = await db.query<{ key_prefix: string }>(SQL, [userId, keep]);
  return rows.map((row) => row.key_prefix);
}
