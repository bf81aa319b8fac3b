/** The users whose jobs wait, with the limits that may be theirs and what their jobs have booked. */
import { QUOTA_COLUMNS, type QuotaRow } from "./quota-row.ts";

export interface OwnerRow {
  readonly user_id: number;
  /** Of the user, of their role, and of everybody. */
  readonly quotas: readonly QuotaRow[];
  /** What stands on nodes: jobs that wait do not count. */
  readonly by_type: Readonly<Record<string, { readonly gpus: number; readonly jobs: number }>>;
}

/** Of all types; nobody, where there is no quota at all. */
export const WAITING_OWNERS = `
SELECT waiting.gpu_type, waiting.user_id, coalesce((
    SELECT json_agg(quota) FROM (
      SELECT ${QUOTA_COLUMNS} FROM quotas
      WHERE (quotas.user_id IS NULL OR quotas.user_id = waiting.user_id)
        AND (quotas.aws_role IS NULL OR quotas.aws_role = api_users.aws_role)
    ) AS quota
  ), '[]') AS quotas, coalesce((
    SELECT json_object_agg(gpu_type, json_build_object('gpus', gpus, 'jobs', jobs)) FROM (
      SELECT gpu_type, sum(gpu_count)::integer AS gpus, count(*)::integer AS jobs
      FROM reservations WHERE reservations.user_id = waiting.user_id
        AND status IN ('preparing', 'creating_server', 'active') GROUP BY gpu_type
    ) AS running
  ), '{}') AS by_type
FROM (
  SELECT DISTINCT gpu_type, user_id FROM reservations WHERE status IN ('queued', 'pending')
) AS waiting JOIN api_users USING (user_id)
WHERE EXISTS (SELECT FROM quotas)`;
