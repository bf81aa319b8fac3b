/** `gpu-dev extend`: more hours for a job. */
import type { Job, JobActionRequested } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { CliError, EXIT } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { findJob, jobPath } from "../jobs/find-job.ts";
import { hoursOf } from "../jobs/hours.ts";
import { orderGoesOn, publicJob, shortId } from "../jobs/job-view.ts";
import { waitForJob } from "../jobs/wait-for-job.ts";
import { oneLine } from "../output/text-width.ts";
import { hoursText, timeAndDistance } from "../output/times.ts";

export const extend = command({
  name: "extend",
  about: "give a job more hours",
  operands: [{ name: "ID", names: "job" }, { name: "HOURS" }],
  flags: JSON_FLAG,
  examples: ["gpu-dev extend 3f2a91bc 2"],
  async run({ flags, operands: [id = "", hours = ""] }, context) {
    const api = await context.api();
    const more = hoursOf(hours, "HOURS");
    const job = await extendJob(await findJob(api, id), more, api, context);
    if (flags.json) context.output.json(publicJob(job));
  },
});

/** Carried out by the processor a few seconds after it was asked for. */
const LIMIT_MS = 60_000;

/** @returns the job with its new end. @throws CliError with the reason why it was refused. */
export async function extendJob(
  before: Job,
  hours: number,
  api: Api,
  context: Context,
): Promise<Job> {
  const { output, clock } = context;
  const { job_id: id } = before;
  await api.post<JobActionRequested>(`${jobPath(id)}/extend`, { extension_hours: hours });
  const isDone = (job: Job) =>
    job.expires_at !== before.expires_at || job.duration_hours !== before.duration_hours;
  const isThere = (job: Job) => isDone(job) || job.extension_error !== undefined;
  output.progress("Extending…");
  const job = await waitForJob(
    { api, id, isThere, limitMs: LIMIT_MS, goesOn: orderGoesOn(before) },
    context,
  );
  if (isDone(job)) {
    const end = job.launched_at && timeAndDistance(job.expires_at, clock.now());
    output.note(
      `Job ${shortId(job)} has ${hoursText(hours)} more: ${end ? `it ends at ${end}` : `${hoursText(job.duration_hours)} in all`}.`,
    );
    return job;
  }
  if (job.extension_error !== undefined) {
    throw new CliError(
      EXIT.failed,
      `Job ${shortId(job)} is not extended: ${oneLine(job.extension_error)}`,
    );
  }
  throw new CliError(EXIT.failed, `Job ${shortId(job)} is not extended yet; it is ${job.status}.`, {
    next: `gpu-dev show ${shortId(job)}`,
  });
}
