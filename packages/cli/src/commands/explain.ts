/** `gpu-dev explain`: why a job is where it is. */
import { command, JSON_FLAG } from "../command.ts";
import { findJobOrOnly } from "../jobs/find-job.ts";
import { isLive, reasonOf } from "../jobs/job-states.ts";
import { gpusText, shortId } from "../jobs/job-view.ts";
import { paintState } from "../output/colour.ts";
import { oneLine } from "../output/text-width.ts";
import { timeAndDistance } from "../output/times.ts";

export const explain = command({
  name: "explain",
  about: "say why a job waits, or how it ended",
  operands: [{ name: "ID", isOptional: true, names: "job" }],
  flags: JSON_FLAG,
  async run({ flags, operands: [id] }, context) {
    const { output, clock } = context;
    const job = await findJobOrOnly(await context.api(), id, "gpu-dev explain ID");
    const { job_id, status } = job;
    const why = oneLine(reasonOf(job));
    if (flags.json) return void output.json({ job_id, status, reason: why === "" ? null : why });
    output.print(`Job ${shortId(job)} (${gpusText(job)}) is ${paintState(output.paint, status)}.`);
    if (why) output.print(why);
    const end = isLive(job) && job.launched_at && timeAndDistance(job.expires_at, clock.now());
    if (end) output.print(`It ends at ${end}.`);
  },
});
