/** `gpu-dev list`: one's own jobs. */
import type { Job } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { command, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { FILTER_FLAGS } from "../jobs/filter-flags.ts";
import { type JobFilter, listJobs } from "../jobs/find-job.ts";
import { isOver, LIVE_STATES } from "../jobs/job-states.ts";
import { jobColumns, publicJob } from "../jobs/job-view.ts";
import { table } from "../output/table.ts";
import { pauseMsOf, WATCH_FLAGS, watch } from "./watch.ts";

const DAY_MS = 86_400_000;

export const list = command({
  name: "list",
  aliases: ["ls"],
  about: "list your jobs",
  flags: {
    ...JSON_FLAG,
    ...WATCH_FLAGS,
    ...FILTER_FLAGS,
  },
  more: `Without --status: the jobs that wait or run, and those of the last 24 hours.
With --watch --json each change of a job is a line of JSON, the last one of a job with "final": true.`,
  examples: ["gpu-dev list --status active,queued", "gpu-dev list --status all --json"],
  async run({ flags }, context) {
    const { output } = context;
    const pauseMs = pauseMsOf(flags.interval);
    const api = await context.api();
    const read = () => jobsOf(api, flags, context);
    if (!flags.watch) {
      const jobs = await read();
      if (flags.json) output.json({ jobs: jobs.map(publicJob), total: jobs.length });
      else output.print(...linesOf(jobs, context));
      return;
    }
    const told = new Map<string, string>();
    return await watch(
      async () => {
        const jobs = await read();
        if (flags.json) for (const job of jobs) tellChange(job, told, context);
        else output.redraw(linesOf(jobs, context));
      },
      pauseMs,
      context,
    );
  },
});

interface Wanted {
  readonly status: string | undefined;
  readonly type: string | undefined;
}

async function jobsOf(api: Api, { status, type }: Wanted, { clock }: Context): Promise<Job[]> {
  const some = (filter: JobFilter) => listJobs(api, { ...filter, gpu_type: type });
  if (status !== undefined) return await some(status === "all" ? {} : { status });
  const since = new Date(clock.now() - DAY_MS).toISOString();
  const [live, recent] = await Promise.all([
    some({ status: LIVE_STATES.join(",") }),
    some({ since }),
  ]);
  // one that ends between the two questions is in both
  const byId = new Map([...live, ...recent].map((job) => [job.job_id, job]));
  return [...byId.values()].toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1));
}

function linesOf(jobs: readonly Job[], { output, clock }: Context): string[] {
  if (jobs.length > 0) return table(jobColumns(output, clock.now), jobs, output.width);
  if (!output.isTerminal) return [];
  return ["No jobs. `gpu-dev reserve` asks for a box, `gpu-dev list --status all` has older ones."];
}

function tellChange(job: Job, told: Map<string, string>, { output }: Context): void {
  const shown = publicJob(job);
  const text = JSON.stringify(shown);
  if (told.get(job.job_id) === text) return;
  told.set(job.job_id, text);
  output.jsonLine(isOver(job) ? { ...shown, final: true } : shown);
}
