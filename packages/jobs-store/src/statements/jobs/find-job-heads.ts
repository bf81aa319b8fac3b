/** What those who follow jobs need to know of them: of one user, whose ids begin alike. */
import type { Queryable } from "../../queryable.ts";
import type { FindJobsByPrefixArgs } from "./find-jobs-by-prefix.ts";

export interface JobHead {
  readonly reservation_id: string;
  /** The number of its last event. */
  readonly version: number;
  /** Nothing will happen to it any more. */
  readonly is_over: boolean;
}

const SQL = `
SELECT reservation_id, version, cleaned_at IS NOT NULL AS is_over FROM reservations
WHERE user_id = $1::integer AND starts_with(reservation_id, $2)
ORDER BY reservation_id LIMIT 2`;

/** @returns at most two: with two the prefix is ambiguous, unless the first is the whole id. */
export async function findJobHeads(
  db: Queryable,
  { userId, prefix }: FindJobsByPrefixArgs,
): Promise<JobHead[]> {
  return (await db.query<JobHead>(SQL, [userId, prefix])).rows;
}
