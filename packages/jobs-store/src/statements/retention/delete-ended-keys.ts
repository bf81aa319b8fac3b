/** Forgets keys that ended, by their time or before it, and the repeats of rotations with them. */
import type { Queryable } from "../../queryable.ts";
import type { PurgeArgs } from "./purge-args.ts";

const SQL = `
DELETE FROM api_keys WHERE key_id IN (
  SELECT key_id FROM api_keys
  WHERE least(expires_at, coalesce(revoked_at, 'infinity'))
    < now() - make_interval(days => $1::integer)
  ORDER BY least(expires_at, coalesce(revoked_at, 'infinity')) LIMIT $2::integer
  FOR UPDATE SKIP LOCKED
)`;

/** @returns how many rows are gone; as many as `limit` means that there are more. */
export async function deleteEndedKeys(
  db: Queryable,
  { olderThanDays, limit }: PurgeArgs,
): Promise<number> {
  return (await db.query(SQL, [olderThanDays, limit])).rowCount ?? 0;
}
