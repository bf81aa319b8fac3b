/** The jobs of one user whose ids begin alike. */
import type { Queryable } from "../../queryable.ts";
import { JOB_COLUMNS, type JobRow } from "./job-row.ts";

export interface FindJobsByPrefixArgs {
  readonly userId: number;
  /** Taken letter by letter: `%` and `_` mean themselves. */
  readonly prefix: string;
}

const SQL = `
SELECT ${JOB_COLUMNS} FROM reservations JOIN api_users USING (user_id)
WHERE user_id = $1::integer AND starts_with(reservation_id, $2)
ORDER BY reservation_id LIMIT 2`;

/** @returns at most two: with two the prefix is ambiguous, unless the first is the whole id. */
export async function findJobsByPrefix(
  db: Queryable,
  { userId, prefix }: FindJobsByPrefixArgs,
): Promise<JobRow[]> {
  return (await db.query<JobRow>(SQL, [userId, prefix])).rows;
}
