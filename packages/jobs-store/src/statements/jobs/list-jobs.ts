/** A page of a user's jobs, newest first; those of the same millisecond by id. */
import type { Queryable } from "../../queryable.ts";
import { filterValues, JOB_FILTER, type JobFilter } from "./job-filter.ts";
import { LISTED_JOB_COLUMNS, type ListedJobRow } from "./job-row.ts";

/** The last job of the page before. */
export interface JobPosition {
  readonly createdAt: Date;
  readonly reservationId: string;
}

export interface ListJobsArgs extends JobFilter {
  /** Begin behind this job: nothing is missed or repeated while jobs are added. */
  readonly after?: JobPosition | undefined;
  readonly limit: number;
  /** For clients that count; jobs that are added meanwhile move the pages. Default 0. */
  readonly offset?: number | undefined;
}

const SQL = `
SELECT ${LISTED_JOB_COLUMNS} FROM reservations JOIN api_users USING (user_id)
WHERE ${JOB_FILTER}
  AND ($5::timestamptz IS NULL OR (reservations.created_at, reservation_id) < ($5, $6))
ORDER BY reservations.created_at DESC, reservation_id DESC
LIMIT $7::integer OFFSET $8::integer`;

export async function listJobs(db: Queryable, args: ListJobsArgs): Promise<ListedJobRow[]> {
  const { after, limit, offset = 0 } = args;
  const place = [after?.createdAt ?? null, after?.reservationId ?? null, limit, offset];
  return (await db.query<ListedJobRow>(SQL, [...filterValues(args), ...place])).rows;
}
