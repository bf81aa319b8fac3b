/** Forgets keys that have long ended. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
DELETE FROM api_keys WHERE key_id IN (
  SELECT key_id FROM api_keys
  WHERE expires_at < now() - make_interval(days => $1::integer)
  ORDER BY expires_at LIMIT $2::integer
  FOR UPDATE SKIP LOCKED
)`;

/** @returns how many rows are gone; as many as `limit` means that there are more. */
export async function deleteEndedKeys(
  db: Queryable,
  { olderThanDays, limit }: { readonly olderThanDays: number; readonly limit: number },
): Promise<number> {
  return (await db.query(SQL, [olderThanDays, limit])).rowCount ?? 0;
}
