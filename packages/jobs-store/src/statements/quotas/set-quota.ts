/** Sets the limits of a user, of a role's users or of everybody; those of before are gone. */
import type { Queryable } from "../../queryable.ts";
import type { QuotaLimits, QuotaSubject } from "./quota-row.ts";

export interface SetQuotaArgs extends QuotaSubject, QuotaLimits {
  /** Who set it, for other operators. */
  readonly setBy: string;
}

const SQL = `
INSERT INTO quotas (user_id, aws_role, gpu_type, max_gpus, max_jobs, max_hours, max_disks, set_by)
VALUES ($1::integer, $2, $3, $4::integer, $5::integer, $6::double precision, $7::integer, $8)
ON CONFLICT ON CONSTRAINT quotas_one_of_each DO UPDATE SET max_gpus = excluded.max_gpus,
  max_jobs = excluded.max_jobs, max_hours = excluded.max_hours, max_disks = excluded.max_disks,
  set_by = excluded.set_by, set_at = now()`;

/**
 * Holds for what is submitted from then on, and for what waits.
 *
 * @throws StoreError failed for a subject of two kinds, for disks of a type, for no limit at all, and
 * for a user or a type that there is not.
 */
export async function setQuota(db: Queryable, quota: SetQuotaArgs): Promise<void> {
  const { userId, awsRole, gpuType, max_gpus, max_jobs, max_hours, max_disks, setBy } = quota;
  const subject = [userId, awsRole, gpuType];
  await db.query(SQL, [...subject, max_gpus, max_jobs, max_hours, max_disks, setBy]);
}
