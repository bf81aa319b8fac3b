/** Follows a job until it is where somebody wants it, through restarts of the service. */
import type { Job } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { createPatience } from "../api/patience.ts";
import type { Context } from "../context.ts";
import { paintState } from "../output/colour.ts";
import { oneLine } from "../output/text-width.ts";
import { duration } from "../output/times.ts";
import { jobPath } from "./find-job.ts";
import { isOver, reasonOf } from "./job-states.ts";
import { publicJob } from "./job-view.ts";

export interface WaitOptions {
  readonly api: Api;
  readonly id: string;
  readonly isThere: (job: Job) => boolean;
  /** Each change as a line on stdout, the last one with `final: true`. */
  readonly isJson?: boolean;
  /** Told when Ctrl-C ends the waiting: what goes on, and where to look. */
  readonly goesOn: string;
  /** Gives up; undefined never does. */
  readonly limitMs?: number;
}

const POLL_MS = 1000;

/** @returns the job as it was last seen. @throws CliError when the service stays away. */
export async function waitForJob(options: WaitOptions, context: Context): Promise<Job> {
  try {
    return await follow(options, context);
  } catch (error) {
    if (context.signal.aborted) context.output.note(`Not waiting any more; ${options.goesOn}`);
    throw error;
  }
}

async function follow(options: WaitOptions, context: Context): Promise<Job> {
  const { api, id, isThere, isJson = false, limitMs = Number.POSITIVE_INFINITY } = options;
  const { clock, signal } = context;
  const patience = createPatience("Trying again; the job goes on.", context);
  const tell = isJson ? jsonTeller(context) : changeTeller(context);
  const began = clock.now();
  for (;;) {
    try {
      const job = await api.get<Job>(jobPath(id));
      patience.seen();
      const isLast = isOver(job) || isThere(job) || clock.now() - began >= limitMs;
      tell(job, isLast);
      if (isLast) return job;
    } catch (error) {
      patience.bear(error);
    }
    await clock.sleep(POLL_MS, signal);
  }
}

/** Without what is estimated anew all the time. */
const lasting = (line: string): string => line.replace(/ Likely to start by .*$/, "");

type Teller = (job: Job, isLast: boolean) => void;

function jsonTeller({ output }: Context): Teller {
  let before = "";
  return (job, isLast) => {
    const shown = publicJob(job);
    const text = JSON.stringify(shown);
    if (text === before && !isLast) return;
    before = text;
    output.jsonLine(isLast ? { ...shown, final: true } : shown);
  };
}

/** A line for each state, and what goes on beside it in place; in a pipe a line for each change. */
function changeTeller({ output, clock }: Context): Teller {
  let state = "";
  let since = clock.now();
  let told = "";
  return (job, isLast) => {
    const { status } = job;
    if (status !== state) {
      if (state !== "" && output.showsProgress) {
        output.note(`${paintState(output.paintNote, state)} for ${duration(clock.now() - since)}`);
      }
      state = status;
      since = clock.now();
    }
    const why = oneLine(reasonOf(job));
    if (isLast) return output.clear();
    const line = `${status}${why ? `: ${why}` : ""}`;
    if (output.showsProgress) output.progress(`${line} (${duration(clock.now() - since)})`);
    else if (lasting(line) !== told) output.note(line);
    told = lasting(line);
  };
}
