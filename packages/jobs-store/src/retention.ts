/** How long rows are kept that are of no more use, and one step of forgetting them. */
import type { Queryable } from "./queryable.ts";
import type { StoreSettings } from "./settings.ts";
import { deleteEndedKeys } from "./statements/retention/delete-ended-keys.ts";
import { deleteExpiredAnswers } from "./statements/retention/delete-expired-answers.ts";
import { deleteExpiredChallenges } from "./statements/retention/delete-expired-challenges.ts";
import { deleteOldArchive } from "./statements/retention/delete-old-archive.ts";
import { deleteOldJobs } from "./statements/retention/delete-old-jobs.ts";
import { deleteOldOperations } from "./statements/retention/delete-old-operations.ts";

export interface Retention {
  readonly queues: readonly string[];
  /** After they ended. */
  readonly keysDays: number;
  /** After they were carried out. */
  readonly ordersDays: number;
  /** After they were over; operations of disks as well. */
  readonly jobsDays: number;
}

export const retentionOf = (settings: StoreSettings): Retention => ({
  queues: [settings.QUEUE_NAME, settings.DISK_QUEUE_NAME],
  keysDays: settings.KEEP_KEYS_DAYS,
  ordersDays: settings.KEEP_ORDERS_DAYS,
  jobsDays: settings.KEEP_JOBS_DAYS,
});

/**
 * Forgets at most `limit` rows of each kind, each kind in a statement of its own. Challenges and
 * kept answers go as soon as they have expired.
 *
 * @returns the most that went of one kind: as many as `limit` means that there is more.
 */
export async function forgetSome(
  db: Queryable,
  { queues, keysDays, ordersDays, jobsDays }: Retention,
  limit: number,
): Promise<number> {
  const gone = [
    await deleteExpiredChallenges(db, limit),
    await deleteExpiredAnswers(db, limit),
    await deleteEndedKeys(db, { olderThanDays: keysDays, limit }),
    await deleteOldJobs(db, { olderThanDays: jobsDays, limit }),
    await deleteOldOperations(db, { olderThanDays: jobsDays, limit }),
  ];
  for (const queue of queues) {
    gone.push(await deleteOldArchive(db, { queue, olderThanDays: ordersDays, limit }));
  }
  return Math.max(...gone);
}
