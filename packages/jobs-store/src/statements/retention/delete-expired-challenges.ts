/** Forgets challenges that nobody answered in time. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
DELETE FROM auth_challenges WHERE challenge_hash IN (
  SELECT challenge_hash FROM auth_challenges WHERE expires_at <= now()
  ORDER BY expires_at LIMIT $1::integer
  FOR UPDATE SKIP LOCKED
)`;

/** @returns how many rows are gone. */
export async function deleteExpiredChallenges(db: Queryable, limit: number): Promise<number> {
  return (await db.query(SQL, [limit])).rowCount ?? 0;
}
