/** Ends one key of a user, named by its prefix. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE api_keys SET revoked_at = now()
WHERE user_id = $1::integer AND key_prefix = $2 AND revoked_at IS NULL AND expires_at > now()`;

/** @returns false when the user has no such key that works. */
export async function revokeKey(
  db: Queryable,
  { userId, keyPrefix }: { readonly userId: number; readonly keyPrefix: string },
): Promise<boolean> {
  const { rowCount } = await db.query(SQL, [userId, keyPrefix]);
  return rowCount === 1;
}
