/** One job of one user by its whole id. A foreign id is as unknown as one that never was. */
import type { Queryable } from "../../queryable.ts";
import { JOB_COLUMNS, type JobRow } from "./job-row.ts";

export interface FindJobArgs {
  readonly userId: number;
  readonly reservationId: string;
}

const SQL = `
SELECT ${JOB_COLUMNS} FROM reservations JOIN api_users USING (user_id)
WHERE reservation_id = $2 AND user_id = $1::integer`;

export async function findJob(
  db: Queryable,
  { userId, reservationId }: FindJobArgs,
): Promise<JobRow | undefined> {
  return (await db.query<JobRow>(SQL, [userId, reservationId])).rows[0];
}
