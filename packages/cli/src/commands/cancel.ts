/** `gpu-dev cancel`: the end of jobs. */
import type { Job, JobActionRequested } from "@airlock/contract";
import { CliError, EXIT, usageError } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { findJob, findJobOrOnly, jobPath, liveJobs } from "../jobs/find-job.ts";
import { gpusText, shortId } from "../jobs/job-view.ts";

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
    const answers: JobActionRequested[] = [];
    for (const job of jobs) {
      const answer = await api.post<JobActionRequested>(`${jobPath(job.job_id)}/cancel`);
      answers.push(answer);
      if (!flags.json) output.note(`Job ${shortId(job)} (${gpusText(job)}) is being cancelled.`);
    }
    if (flags.json) output.json({ cancelled: answers });
    else if (jobs.length === 0) output.note("You have no job that waits or runs.");
  },
});

async function areMeant(jobs: readonly Job[], { output }: Context): Promise<boolean> {
  if (!output.canAsk) throw usageError("Nobody can be asked here.", "gpu-dev cancel --yes …");
  const [first] = jobs;
  const which =
    first && jobs.length === 1 ? `${shortId(first)} (${first.name})` : `all ${jobs.length} jobs`;
  return await output.ask(`Cancel ${which}?`);
}
