/** The states of jobs, as far as they decide what is done here. */
import type { Job } from "@airlock/contract";
import { inLocalTime } from "../output/times.ts";

export const LIVE_STATES = ["queued", "pending", "preparing", "creating_server", "active"] as const;
const LIVE: ReadonlySet<string> = new Set(LIVE_STATES);

export const isLive = ({ status }: Job): boolean => LIVE.has(status);
export const isOver = (job: Job): boolean => !isLive(job);
/** It ended, and not as it was meant to. */
export const hasFailed = (job: Job): boolean => isOver(job) && job.status !== "completed";

/** How the service begins what it says of a job that is as it should be. */
const WELL = /^Runs\.\s*/;

/** For people: why it waits, what is wrong with it, or how it ended; the last that is known. */
export function reasonOf({
  failure_reason,
  current_detailed_status,
  warning,
}: Pick<Job, "failure_reason" | "current_detailed_status" | "warning">): string {
  const reason = failure_reason ?? warning ?? current_detailed_status ?? "";
  return WELL.test(reason) ? "" : inLocalTime(reason);
}

/** What is worth to know of one that is as it should be; empty for nothing. */
export const noteOf = ({ current_detailed_status: told = "" }: Job): string =>
  WELL.test(told) ? inLocalTime(told.replace(WELL, "")) : "";
