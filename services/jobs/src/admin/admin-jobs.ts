/** Everybody's jobs for operators: found, and shown. */
import type { AdminJob } from "@airlock/contract";
import { type AdminJobRow, findAnyJobsByPrefix, type Queryable } from "@airlock/jobs-store";
import { demandOne } from "../jobs/find-by-prefix.ts";

/** @throws ProblemError job_not_found, job_id_ambiguous. */
export const demandAnyJob = (db: Queryable, prefix: string): Promise<AdminJobRow> =>
  demandOne(prefix, () => findAnyJobsByPrefix(db, prefix));

const timeOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

export const adminJobBody = (row: AdminJobRow): AdminJob => ({
  job_id: row.reservation_id,
  user_id: row.user_id,
  username: row.username,
  status: row.status,
  name: row.name,
  image: row.image,
  gpu_type: row.gpu_type,
  gpu_count: row.gpu_count,
  duration_hours: row.duration_hours,
  created_at: row.created_at.toISOString(),
  launched_at: timeOrNull(row.launched_at),
  expires_at: timeOrNull(row.expires_at),
  ended_at: timeOrNull(row.reservation_ended),
  pod_name: row.pod_name,
  node_name: row.node_name,
  current_detailed_status: row.current_detailed_status,
  failure_reason: row.failure_reason,
  end_as: row.end_as,
  is_cleaned: row.is_cleaned,
  due_at: timeOrNull(row.due_at),
  lease_until: timeOrNull(row.lease_until),
  faults: row.faults,
  last_fault: row.last_fault,
});
