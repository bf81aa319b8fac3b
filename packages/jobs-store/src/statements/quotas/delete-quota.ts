/** Takes a subject's limits away: what is left is what less close rows say. */
import type { Queryable } from "../../queryable.ts";
import type { QuotaSubject } from "./quota-row.ts";

const SQL = `
DELETE FROM quotas WHERE user_id IS NOT DISTINCT FROM $1::integer
  AND aws_role IS NOT DISTINCT FROM $2::text AND gpu_type IS NOT DISTINCT FROM $3::text`;

/** @returns false when there was no such row. */
export async function deleteQuota(
  db: Queryable,
  { userId, awsRole, gpuType }: QuotaSubject,
): Promise<boolean> {
  return (await db.query(SQL, [userId, awsRole, gpuType])).rowCount === 1;
}
