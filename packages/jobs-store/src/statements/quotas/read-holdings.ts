/** What a user holds, and the limits that may be theirs: for whoever decides whether they may have more. */
import type { Queryable } from "../../queryable.ts";
import { LIVE } from "../jobs/job-states.ts";
import { QUOTA_COLUMNS, type QuotaRow } from "./quota-row.ts";

export interface Holdings {
  /** Of the user, of their role, and of everybody. */
  readonly quotas: readonly QuotaRow[];
  /** By live jobs, waiting ones included; types of which there are none are left out. */
  readonly by_type: Readonly<Record<string, { readonly gpus: number; readonly jobs: number }>>;
  /** That are not deleted. */
  readonly disks: number;
}

const SQL = `
SELECT coalesce((
  SELECT json_agg(quota) FROM (
    SELECT ${QUOTA_COLUMNS} FROM quotas
    WHERE (quotas.user_id IS NULL OR quotas.user_id = $1::integer)
      AND (quotas.aws_role IS NULL OR quotas.aws_role = api_users.aws_role)
  ) AS quota
), '[]') AS quotas, coalesce((
  SELECT json_object_agg(gpu_type, json_build_object('gpus', gpus, 'jobs', jobs)) FROM (
    SELECT gpu_type, sum(gpu_count)::integer AS gpus, count(*)::integer AS jobs FROM reservations
    WHERE user_id = $1::integer AND status IN (${LIVE}) GROUP BY gpu_type
  ) AS live
), '{}') AS by_type, (
  SELECT count(*)::integer FROM disks WHERE user_id = $1::integer AND NOT is_deleted
) AS disks
FROM api_users WHERE api_users.user_id = $1::integer`;

/** Lock the user first (`lockUser`) when something is to follow from it. */
export async function readHoldings(db: Queryable, userId: number): Promise<Holdings> {
  const { rows } = await db.query<Holdings>(SQL, [userId]);
  return rows[0] ?? { quotas: [], by_type: {}, disks: 0 };
}
