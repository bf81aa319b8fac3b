/** What every user who holds something holds, for the question whom a quota would be too small for. */
import type { Queryable } from "../../queryable.ts";
import { LIVE } from "../jobs/job-states.ts";

export interface UserHoldings {
  readonly user_id: number;
  readonly username: string;
  readonly aws_role: string;
  readonly by_type: Readonly<
    Record<string, { readonly gpus: number; readonly jobs: number; readonly hours: number }>
  >;
  readonly disks: number;
}

const SQL = `
SELECT user_id, username, aws_role, coalesce(by_type, '{}') AS by_type, coalesce(disks, 0) AS disks
FROM api_users LEFT JOIN (
  SELECT user_id, json_object_agg(gpu_type,
    json_build_object('gpus', gpus, 'jobs', jobs, 'hours', hours)) AS by_type
  FROM (
    SELECT user_id, gpu_type, sum(gpu_count)::integer AS gpus, count(*)::integer AS jobs,
      max(duration_hours) AS hours
    FROM reservations WHERE status IN (${LIVE}) GROUP BY user_id, gpu_type
  ) AS live GROUP BY user_id
) AS held USING (user_id) LEFT JOIN (
  SELECT user_id, count(*)::integer AS disks FROM disks WHERE NOT is_deleted GROUP BY user_id
) AS stored USING (user_id)
WHERE (by_type IS NOT NULL OR disks IS NOT NULL)
  AND ($1::integer IS NULL OR user_id = $1) AND ($2::text IS NULL OR aws_role = $2)
ORDER BY user_id`;

/** @param subject whose; without one everybody's. */
export async function listHoldings(
  db: Queryable,
  { userId, awsRole }: { readonly userId: number | null; readonly awsRole: string | null },
): Promise<UserHoldings[]> {
  return (await db.query<UserHoldings>(SQL, [userId, awsRole])).rows;
}
