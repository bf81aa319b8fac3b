/** Quotas at the door: asked under the user's lock, so that of two at once the second sees the first. */
import { ProblemError } from "@airlock/contract";
import {
  breachOf,
  breachSentence,
  diskBreachOf,
  findDiskWish,
  hasQuotas,
  hoursLimitOf,
  type JobRow,
  lockUser,
  type Queryable,
  readHoldings,
} from "@airlock/jobs-store";
import type { User } from "../users.ts";
import { hoursOf, ROUNDING } from "./job-hours.ts";
import type { Wanted } from "./wanted.ts";

/** @throws ProblemError quota_exceeded */
export async function demandQuota(
  transaction: Queryable,
  { userId }: User,
  { gpuType, gpuCount, durationHours, diskName }: Wanted,
): Promise<void> {
  await lockUser(transaction, userId);
  const holdings = await readHoldings(transaction, userId);
  const makesDisk = diskName !== null && !(await findDiskWish(transaction, { userId, diskName }));
  const breach =
    breachOf(holdings, { gpuType, gpus: gpuCount, hours: durationHours }) ??
    (makesDisk ? diskBreachOf(holdings) : undefined);
  if (breach) throw quotaExceeded(breachSentence(breach));
}

/** Of one more disk, for whom `mutate` has locked already. @throws ProblemError quota_exceeded */
export async function demandDiskQuota(transaction: Queryable, { userId }: User): Promise<void> {
  if (!(await hasQuotas(transaction))) return;
  const breach = diskBreachOf(await readHoldings(transaction, userId));
  if (breach) throw quotaExceeded(breachSentence(breach));
}

/**
 * Of an extension, whoever asks for it; those that are still on the queue are not seen here.
 *
 * @throws ProblemError quota_exceeded
 */
export async function demandHoursQuota(
  transaction: Queryable,
  job: Pick<JobRow, "user_id" | "gpu_type" | "launched_at" | "expires_at" | "duration_hours">,
  extensionHours: number,
): Promise<void> {
  if (!(await hasQuotas(transaction))) return;
  const { quotas } = await readHoldings(transaction, job.user_id);
  const limit = hoursLimitOf(quotas, job.gpu_type);
  if (limit === undefined || hoursOf(job) + extensionHours <= limit + ROUNDING) return;
  throw quotaExceeded(`The quota is ${limit} hours a job, its extensions included.`);
}

export const quotaExceeded = (sentence: string): ProblemError =>
  new ProblemError("quota_exceeded", sentence);
