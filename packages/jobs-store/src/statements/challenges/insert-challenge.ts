/** Remembers a challenge, and forgets a few that nobody answered: no job has to clean up. */
import type { Queryable } from "../../queryable.ts";

export interface InsertChallengeArgs {
  /** SHA-256 in hex. */
  readonly challengeHash: string;
  readonly ttlSeconds: number;
}

const SQL = `
WITH forgotten AS (
  DELETE FROM auth_challenges WHERE challenge_hash IN (
    SELECT challenge_hash FROM auth_challenges
    WHERE expires_at <= now()
    ORDER BY expires_at LIMIT 10
    FOR UPDATE SKIP LOCKED
  )
)
INSERT INTO auth_challenges (challenge_hash, expires_at)
VALUES ($1, now() + make_interval(secs => $2::double precision))
RETURNING expires_at`;

/** @returns when it ends, by the database's clock. */
export async function insertChallenge(
  db: Queryable,
  { challengeHash, ttlSeconds }: InsertChallengeArgs,
): Promise<Date> {
  const { rows } = await db.query<{ expires_at: Date }>(SQL, [challengeHash, ttlSeconds]);
  return (rows[0] as { expires_at: Date }).expires_at;
}
