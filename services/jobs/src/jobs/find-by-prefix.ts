/** The job that a URL names: by its id, or by as much of it as no other of the user's begins with. */
import { ProblemError } from "@airlock/contract";
import { findJobsByPrefix, type JobRow, type Queryable } from "@airlock/jobs-store";

const PREFIX = /^[A-Za-z0-9][A-Za-z0-9-]{3,63}$/;

/** @throws ProblemError job_not_found, also for a foreign job; job_id_ambiguous. */
export const findJobByPrefix = (db: Queryable, userId: number, prefix: string): Promise<JobRow> =>
  demandOne(prefix, () => findJobsByPrefix(db, { userId, prefix }));

/**
 * @param find what begins with it: at most two, the whole id first.
 * @throws ProblemError job_not_found, job_id_ambiguous.
 */
export async function demandOne<Row extends { readonly reservation_id: string }>(
  prefix: string,
  find: () => Promise<readonly Row[]>,
): Promise<Row> {
  // clients look for "not found" in the words
  if (!PREFIX.test(prefix)) throw new ProblemError("job_not_found", "Job not found");
  const [job, another] = await find();
  if (!job) throw new ProblemError("job_not_found", `Job ${prefix} not found`);
  if (another && job.reservation_id !== prefix) {
    throw new ProblemError("job_id_ambiguous", `Several jobs begin with ${prefix}; write more.`);
  }
  return job;
}
