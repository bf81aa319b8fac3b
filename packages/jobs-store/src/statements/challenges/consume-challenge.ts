/** Uses a challenge up: whatever comes of the login, it is good for nothing afterwards. */
import type { Queryable } from "../../queryable.ts";

/** unknown: never made, made elsewhere, or used before. */
export type ChallengeState = "good" | "expired" | "unknown";

const SQL = `
DELETE FROM auth_challenges WHERE challenge_hash = $1
RETURNING expires_at <= now() AS expired`;

/** Run it outside of a longer transaction: a rollback would bring the challenge back. */
export async function consumeChallenge(
  db: Queryable,
  challengeHash: string,
): Promise<ChallengeState> {
  const { rows } = await db.query<{ expired: boolean }>(SQL, [challengeHash]);
  const [found] = rows;
  if (!found) return "unknown";
  return found.expired ? "expired" : "good";
}
