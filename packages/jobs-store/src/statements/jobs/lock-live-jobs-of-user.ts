/** The live jobs of a user that nobody has asked to end yet; they change for nobody else until the transaction ends. */
import type { Queryable } from "../../queryable.ts";
import { LIVE, type LiveState } from "./job-states.ts";

export interface LockLiveJobsArgs {
  readonly userId: number;
  /** Begin behind this id. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface LiveJob {
  readonly reservation_id: string;
  readonly status: LiveState;
}

// in the order of ids, as everybody who locks several
const SQL = `
SELECT reservation_id, status FROM reservations
WHERE user_id = $1::integer AND status IN (${LIVE}) AND wanted = 'run'
  AND ($2::text IS NULL OR reservation_id > $2)
ORDER BY reservation_id LIMIT $3::integer FOR UPDATE`;

export async function lockLiveJobsOfUser(
  db: Queryable,
  { userId, after, limit }: LockLiveJobsArgs,
): Promise<LiveJob[]> {
  return (await db.query<LiveJob>(SQL, [userId, after ?? null, limit])).rows;
}
