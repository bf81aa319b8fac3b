/** `gpu-dev logs`: what a job wrote. */
import type { Job } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { createPatience } from "../api/patience.ts";
import { usageError } from "../cli-error.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { findJobOrOnly, jobPath } from "../jobs/find-job.ts";
import { isOver, reasonOf } from "../jobs/job-states.ts";
import { hasFixedStart, LARGE_BYTES, type LogQuery, streamLog } from "../jobs/log-stream.ts";
import { lastLines, newBehind, newIn, type Seen } from "../jobs/log-tail.ts";
import { oneLine } from "../output/text-width.ts";

export const logs = command({
  name: "logs",
  about: "show what a job wrote",
  operands: [{ name: "ID", isOptional: true, names: "job" }],
  flags: {
    follow: { short: "f", about: "go on until the job is over" },
    tail: { wire: "tail", value: "LINES", about: "only so many lines from the end" },
    since: {
      wire: "since",
      value: "TIME",
      about: "only from then on: 90s, 10m, 2h, or 2026-01-31T12:00:00Z",
    },
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

const POLL_MS = 1000;
/** The most lines that may be asked for, and fewer for what only goes on: services of the version before give the beginning of a log that is cut. */
const MANY_LINES = 10_000;
const FEW_LINES = 500;
/** A long log is asked for less often: so many bytes a millisecond. */
const BYTES_PER_MS = 200;

/**
 * The stream of the log, from when the job writes. Where it breaks off while the job goes on, as when
 * a service is replaced, what was written meanwhile is read, and the stream taken up behind it. Before
 * it, and where there is none, the log is read again and again, of which what is new is printed.
 */
async function follow(job: Job, query: LogQuery, api: Api, context: Context): Promise<undefined> {
  const { output, clock, signal } = context;
  const { tail, since } = query;
  const path = jobPath(job.job_id);
  const patience = createPatience("Trying again.", context);
  let mayStream = true;
  let isBroken = false;
  let seen: Seen | undefined;
  const read = async () => {
    const lines = seen === undefined || seen.isWhole ? MANY_LINES : FEW_LINES;
    const text = await api.getText(`${path}/logs`, { tail: lines, since });
    const isCut = text.split("\n").length > lines || Buffer.byteLength(text) > LARGE_BYTES;
    const find = seen?.isWhole ? newIn : newBehind;
    const fresh = seen === undefined ? lastLines(text, tail) : find(seen.text, text);
    if (fresh !== "") output.raw(fresh);
    if (fresh !== "" || seen === undefined || text.endsWith(seen.text))
      seen = { text, isWhole: text === "" || (!isCut && hasFixedStart(since)) };
    return text;
  };
  for (;;) {
    try {
      // its state first: what it wrote until then is in the log that is read afterwards
      const { status, ...about } = await api.get<Job>(path);
      const over = isOver({ status, ...about });
      let isWriting = status === "active";
      const isFirst = mayStream && isWriting && (seen === undefined || seen.text === "");
      // of a stream that could not be had, the log says why
      if (!isFirst || isBroken || over) isWriting = (await read()) !== "" || isWriting;
      patience.seen();
      if (over) return undefined;
      if (mayStream && isWriting) {
        const { ending, ...streamed } = await streamLog(`${path}/logs`, query, seen, api, context);
        seen = streamed.text !== "" || streamed.isWhole ? streamed : undefined;
        isBroken = ending === "broken";
        mayStream = isBroken;
        if (!isBroken) continue;
      } else if (status !== "active") {
        output.progress(`${status}: ${oneLine(reasonOf(about))}`);
      }
    } catch (error) {
      patience.bear(error);
    }
    await clock.sleep(POLL_MS + (seen?.text.length ?? 0) / BYTES_PER_MS, signal);
  }
}
