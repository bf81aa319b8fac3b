/** Whose turn it is among the jobs of one type that wait. */

/** The same for whoever places and for whoever tells. */
export interface OrderRules {
  /**
   * - fair: by the GPUs of the type that a job's owner holds and has waited for before it, then by time
   * - fifo: by time alone
   */
  readonly order: "fair" | "fifo";
  /** Who has waited longer goes first, by time alone. */
  readonly maxWaitHours: number;
}

export interface InLine {
  readonly jobId: string;
  readonly userId: number;
  readonly gpus: number;
  readonly createdAtMs: number;
}

/**
 * Each job of a user counts for the next ones of theirs, so that whoever submits a hundred at once has
 * his second one behind the first ones of all others.
 *
 * @param held GPUs of the type by user, or jobs where it has none.
 */
export function inOrder<Job extends InLine>(
  jobs: readonly Job[],
  held: ReadonlyMap<number, number>,
  { order, maxWaitHours }: OrderRules,
  nowMs: number,
): Job[] {
  const byTime = jobs.toSorted(
    (a, b) => a.createdAtMs - b.createdAtMs || (a.jobId < b.jobId ? -1 : 1),
  );
  if (order === "fifo") return byTime;
  const agedBeforeMs = nowMs - maxWaitHours * 3_600_000;
  const before = new Map(held);
  const ranked = byTime.map((job) => {
    const rank = before.get(job.userId) ?? 0;
    before.set(job.userId, rank + Math.max(1, job.gpus));
    return { job, rank: job.createdAtMs <= agedBeforeMs ? -1 : rank };
  });
  // sorting keeps the order of time among equals
  return ranked.sort((a, b) => a.rank - b.rank).map(({ job }) => job);
}
