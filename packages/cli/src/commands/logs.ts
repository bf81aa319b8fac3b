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
import { lastLines, newBehind, newIn } from "../jobs/log-tail.ts";
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

/**
 * The stream of the log, once, from when the job writes. Before it, and where it breaks off or ends
 * while the job goes on, the log is read again and again as a whole, of which what is new is printed.
 */
async function follow(
  job: Job,
  { tail, since }: LogQuery,
  api: Api,
  context: Context,
): Promise<undefined> {
  const { output, clock, signal } = context;
  const path = jobPath(job.job_id);
  let mayStream = true;
  let before: string | undefined;
  let findNew = newIn;
  let lines = MANY_LINES;
  for (;;) {
    try {
      // its state first: what it wrote until then is in the log that is read afterwards
      const { status, ...seen } = await api.get<Job>(path);
      const over = isOver({ status, ...seen });
      const text =
        mayStream && status === "active"
          ? undefined
          : await api.getText(`${path}/logs`, { tail: lines, since });
      if (text === undefined || (mayStream && !over && text !== "")) {
        mayStream = false;
        // of one that was seen empty all is new
        const query = { tail: before === undefined ? tail : undefined, since };
        const streamed = await stream(`${path}/logs`, query, api, context);
        if (streamed.end !== "") before = streamed.end;
        if (!streamed.isWhole) [findNew, lines] = [newBehind, FEW_LINES];
        continue;
      }
      const fresh = before === undefined ? lastLines(text, tail) : findNew(before, text);
      if (fresh !== "") output.raw(fresh);
      if (fresh !== "" || before === undefined) [before, findNew] = [text, newIn];
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

interface Streamed {
  /** What has come, or the end of it. */
  readonly end: string;
  /** Whether that is the log from its beginning. */
  readonly isWhole: boolean;
}

/** Prints the log as it comes. What is refused or breaks off is no error here: who reads it afterwards is told why. */
async function stream(
  path: string,
  { tail, since }: LogQuery,
  api: Api,
  { output, signal }: Context,
): Promise<Streamed> {
  let end = "";
  let isWhole = tail === undefined && since === undefined;
  output.clear();
  try {
    await api.streamText(path, { follow: "true", tail, since }, (text) => {
      if (text === "") return;
      output.raw(text);
      end += text;
      if (end.length <= 2 * LARGE) return;
      end = end.slice(-LARGE);
      isWhole = false;
    });
  } catch (error) {
    const isOfService = error instanceof UnreachableError || error instanceof ApiError;
    if (signal.aborted || !isOfService) throw error;
  }
  return { end, isWhole: isWhole && end.length <= LARGE };
}
