/** A page of everybody's jobs, newest first; those of the same millisecond by id. */
import type { Queryable } from "../../queryable.ts";
import { ADMIN_JOBS, type AdminJobRow } from "./admin-job-row.ts";
import type { JobFilter } from "./job-filter.ts";
import type { JobPosition } from "./list-jobs.ts";

export interface ListAllJobsArgs extends Omit<JobFilter, "userId"> {
  readonly userId?: number | undefined;
  /** Something is booked for it there. */
  readonly node?: string | undefined;
  /** Something goes wrong with it. */
  readonly isStuck?: boolean | undefined;
  /** Begin behind this job. */
  readonly after?: JobPosition | undefined;
  readonly limit: number;
}

/** A row that is due is taken within seconds, and one that is to end has a minute for its pod. */
const STUCK = `cleaned_at IS NULL AND (
  faults > 0 OR due_at < now() - interval '1 minute'
  OR (wanted = 'end' AND reservations.updated_at < now() - interval '5 minutes')
)`;

const SQL = `${ADMIN_JOBS}
WHERE ($1::integer IS NULL OR user_id = $1)
  AND ($2::text[] IS NULL OR status = ANY ($2))
  AND ($3::text IS NULL OR gpu_type = $3)
  AND ($4::timestamptz IS NULL OR reservations.created_at >= $4)
  AND ($5::text IS NULL OR node_name = $5)
  AND ($6::boolean IS NULL OR $6 = (${STUCK}))
  AND ($7::timestamptz IS NULL OR (reservations.created_at, reservations.reservation_id) < ($7, $8))
ORDER BY reservations.created_at DESC, reservations.reservation_id DESC
LIMIT $9::integer`;

export async function listAllJobs(db: Queryable, args: ListAllJobsArgs): Promise<AdminJobRow[]> {
  const { userId, statuses, gpuType, since, node, isStuck, after, limit } = args;
  const filter = [userId ?? null, statuses ?? null, gpuType ?? null, since ?? null, node ?? null];
  const place = [after?.createdAt ?? null, after?.reservationId ?? null, limit];
  return (await db.query<AdminJobRow>(SQL, [...filter, isStuck ?? null, ...place])).rows;
}
