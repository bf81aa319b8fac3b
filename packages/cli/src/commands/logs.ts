/** `gpu-dev logs`: what a job wrote. */
import type { Job } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { ApiError } from "../api/problem.ts";
import { UnreachableError } from "../api/transport.ts";
import { usageError } from "../cli-error.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { findJobOrOnly, jobPath } from "../jobs/find-job.ts";
import { isOver, reasonOf } from "../jobs/job-states.ts";
import { lastLines, newIn } from "../jobs/log-tail.ts";
import { oneLine } from "../output/text-width.ts";

export const logs = command({
  name: "logs",
  about: "show what a job wrote",
  operands: [{ name: "ID", isOptional: true, names: "job" }],
  flags: {
    follow: { short: "f", about: "go on until the job is over" },
    tail: { value: "LINES", about: "only so many lines from the end" },
    since: { value: "TIME", about: "only from then on: 90s, 10m, 2h, or 2026-01-31T12:00:00Z" },
  },
  examples: ["gpu-dev logs 3f2a91bc --tail 100", "gpu-dev logs -f 3f2a91bc"],
  async run({ flags, operands: [id] }, context) {
    const { tail, since } = flags;
    if (tail !== undefined && !/^\d{1,5}$/.test(tail)) {
      throw usageError("--tail is a number of lines.");
    }
    const api = await context.api();
    const job = await findJobOrOnly(api, id, "gpu-dev logs ID");
    if (flags.follow) return await follow(job, { tail, since }, api, context);
    const text = await api.getText(`${jobPath(job.job_id)}/logs`, { tail, since });
    context.output.raw(text);
    if (text === "" && !isOver(job)) {
      context.output.note(
        `Nothing yet: the job is ${job.status}. gpu-dev explain ${job.job_id.slice(0, 8)}`,
      );
    }
  },
});

interface LogQuery {
  readonly tail: string | undefined;
  readonly since: string | undefined;
}

const POLL_MS = 1000;
/** The most lines that may be asked for, and what fits where they are long: of a log that is cut, the beginning comes. */
const MANY_LINES = 10_000;
const FEW_LINES = 500;
const LARGE = 900_000;
/** A long log is asked for less often: so many bytes a millisecond. */
const BYTES_PER_MS = 200;

/** Asks again and again: the log as a whole, of which what is new is printed. */
async function follow(
  job: Job,
  { tail, since }: LogQuery,
  api: Api,
  context: Context,
): Promise<undefined> {
  const { output, clock, signal } = context;
  const path = jobPath(job.job_id);
  let before: string | undefined;
  let lines = MANY_LINES;
  for (;;) {
    try {
      // its state first: what it wrote until then is in the log that is read afterwards
      const { status, ...seen } = await api.get<Job>(path);
      const over = isOver({ status, ...seen });
      const text = await api.getText(`${path}/logs`, { tail: lines, since });
      const fresh = before === undefined ? lastLines(text, tail) : newIn(before, text);
      if (fresh !== "") output.raw(fresh);
      if (text !== "" || before === undefined) before = text;
      if (text.length > LARGE) lines = FEW_LINES;
      if (over) return undefined;
      if (status !== "active")
        output.progress(`${status}: ${oneLine(reasonOf({ status, ...seen }))}`);
    } catch (error) {
      const isAway =
        error instanceof UnreachableError ||
        (error instanceof ApiError && [429, 502, 503, 504].includes(error.problem.status));
      if (signal.aborted || !isAway) throw error;
      output.progress(`${error.message} Trying again.`);
    }
    await clock.sleep(POLL_MS + (before?.length ?? 0) / BYTES_PER_MS, signal);
  }
}
