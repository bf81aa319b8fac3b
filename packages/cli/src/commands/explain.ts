/** `gpu-dev explain`: why a job is where it is, what can be done, and when it starts. */
import type { Job, JobExplanation } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { isNotFound } from "../api/problem.ts";
import { command, JSON_FLAG } from "../command.ts";
import { findJobOrOnly, jobPath } from "../jobs/find-job.ts";
import { isLive, reasonOf } from "../jobs/job-states.ts";
import { gpusText, shortId } from "../jobs/job-view.ts";
import { outlookLines } from "../jobs/outlook-lines.ts";
import { paintState } from "../output/colour.ts";
import { oneLine } from "../output/text-width.ts";
import { inLocalTime, timeAndDistance } from "../output/times.ts";

type Told = Omit<JobExplanation, "reason"> & {
  readonly reason: { readonly code: string; readonly sentence: string } | null;
};

export const explain = command({
  name: "explain",
  about: "say why a job waits and when it starts, or how it ended",
  operands: [{ name: "ID", isOptional: true, names: "job" }],
  flags: JSON_FLAG,
  async run({ flags, operands: [id] }, context) {
    const { output, clock } = context;
    const api = await context.api();
    const job = await findJobOrOnly(api, id, "gpu-dev explain ID");
    const told = await explanationOf(api, job);
    if (flags.json) return void output.json(told);
    const state = paintState(output.paint, told.status);
    output.print(`Job ${shortId(job)} (${gpusText(job)}) is ${state}.`);
    if (told.reason) output.print(oneLine(inLocalTime(told.reason.sentence)));
    output.print(...outlookLines(told, clock.now()));
    const end = isLive(job) && job.launched_at && timeAndDistance(job.expires_at, clock.now());
    if (end) output.print(`It ends at ${end}.`);
  },
});

async function explanationOf(api: Api, job: Job): Promise<Told> {
  const { job_id, status } = job;
  try {
    return await api.get<JobExplanation>(`${jobPath(job_id)}/explain`);
  } catch (error) {
    // a service of the version before has not got it
    if (!isNotFound(error)) throw error;
    const sentence = reasonOf(job);
    const reason = sentence === "" ? null : { code: "waiting", sentence };
    return { job_id, status, reason, remedies: [], position: null, start: null };
  }
}
