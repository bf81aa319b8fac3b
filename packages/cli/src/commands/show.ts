/** `gpu-dev show`: one job. */
import { command, JSON_FLAG } from "../command.ts";
import { findJobOrOnly } from "../jobs/find-job.ts";
import { jobFacts, publicJob } from "../jobs/job-view.ts";
import { facts } from "../output/table.ts";
import { oneLine } from "../output/text-width.ts";

export const show = command({
  name: "show",
  about: "show a job",
  operands: [{ name: "ID", isOptional: true, names: "job" }],
  flags: JSON_FLAG,
  async run({ flags, operands: [id] }, context) {
    const { output, clock } = context;
    const job = await findJobOrOnly(await context.api(), id, "gpu-dev show ID");
    if (flags.json) return void output.json(publicJob(job));
    const pairs = jobFacts(job, output, clock.now());
    // the painted state is ours; all else may be anybody's text
    output.print(
      ...facts(
        pairs.map(([name, value]) => [name, name === "state" ? value : value && oneLine(value)]),
      ),
    );
  },
});
