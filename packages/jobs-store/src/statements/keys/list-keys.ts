/** A user's keys that work, newest first. */
import type { Queryable } from "../../queryable.ts";
import { KEY_COLUMNS, type KeyRow } from "./key-row.ts";

const SQL = `
SELECT ${KEY_COLUMNS} FROM api_keys
WHERE user_id = $1::integer AND revoked_at IS NULL AND expires_at > now()
ORDER BY created_at DESC, key_id DESC`;

export async function listKeys(db: Queryable, userId: number): Promise<KeyRow[]> {
  return (await db.query<KeyRow>(SQL, [userId])).rows;
}
