/** `gpu-dev cancel`: the end of jobs. */
import type { Job, JobActionRequested } from "@airlock/contract";
import { isAway } from "../api/is-away.ts";
import { ApiError, isAboutLogin, type Problem } from "../api/problem.ts";
import { CliError, EXIT, usageError } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { findJob, findJobOrOnly, jobPath, liveJobs } from "../jobs/find-job.ts";
import { gpusText, shortId } from "../jobs/job-view.ts";
import { oneLine } from "../output/text-width.ts";

export const cancel = command({
  name: "cancel",
  about: "end jobs",
  operands: [{ name: "ID", isOptional: true, many: true, names: "job" }],
  flags: {
    all: { about: "all of your jobs that wait or run" },
    yes: { short: "y", about: "do not ask" },
    force: { short: "f", about: "the same as --yes" },
    ...JSON_FLAG,
  },
  more: "Without an ID: the one job that you have. It asks then, and with --all; without a terminal it wants --yes.",
  examples: ["gpu-dev cancel 3f2a91bc", "gpu-dev cancel --all --yes"],
  async run({ flags, operands: ids }, context) {
    const { output } = context;
    const api = await context.api();
    if (flags.all && ids.length > 0) throw usageError("--all needs no ID.");
    const jobs = flags.all
      ? await liveJobs(api)
      : ids.length > 0
        ? await Promise.all(ids.map((id) => findJob(api, id)))
        : [await findJobOrOnly(api, undefined, "gpu-dev cancel ID")];
    const isMeant = ids.length > 0 || flags.yes || flags.force || jobs.length === 0;
    if (!isMeant && !(await areMeant(jobs, context))) {
      throw new CliError(EXIT.failed, "Nothing was cancelled.");
    }
    const told: Told = { cancelled: [], refused: [] };
    try {
      await cancelEach(jobs, told, flags, context);
    } finally {
      // whatever stops it, what was done is told
      if (flags.json) output.json(told);
    }
    if (!flags.json && jobs.length === 0) output.note("You have no job that waits or runs.");
  },
});

interface Told {
  readonly cancelled: JobActionRequested[];
  readonly refused: (Pick<Job, "job_id"> & Pick<Problem, "code" | "detail">)[];
}

/** One that is refused keeps no other. @throws CliError where any is, and for what would meet the next one too. */
async function cancelEach(
  jobs: readonly Job[],
  { cancelled, refused }: Told,
  { all, json }: { readonly all: boolean; readonly json: boolean },
  { api, output }: Context,
): Promise<void> {
  const { post } = await api();
  const tell = (line: string) => json || output.note(line);
  for (const job of jobs) {
    const { job_id } = job;
    try {
      cancelled.push(await post<JobActionRequested>(`${jobPath(job_id)}/cancel`));
      tell(`Job ${shortId(job)} (${gpusText(job)}) is being cancelled.`);
    } catch (error) {
      if (!isOfJob(error)) throw error;
      const { code, detail } = error.problem;
      // by itself, since all were looked for
      if (all && code === "job_ended") continue;
      refused.push({ job_id, code, detail });
      if (jobs.length === 1) throw error;
      tell(`Job ${shortId(job)} is not cancelled: ${oneLine(detail)}`);
    }
  }
  if (refused.length === 0) return;
  const sentence = `${refused.length} of ${jobs.length} jobs are not cancelled.`;
  throw new CliError(EXIT.failed, sentence);
}

const isOfJob = (error: unknown): error is ApiError =>
  error instanceof ApiError && !isAboutLogin(error.problem) && !isAway(error);

async function areMeant(jobs: readonly Job[], { output }: Context): Promise<boolean> {
  if (!output.canAsk) throw usageError("Nobody can be asked here.", "gpu-dev cancel --yes …");
  const [first] = jobs;
  const which =
    first && jobs.length === 1 ? `${shortId(first)} (${first.name})` : `all ${jobs.length} jobs`;
  return await output.ask(`Cancel ${which}?`);
}
