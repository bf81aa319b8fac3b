/** The states of jobs, as far as they decide what is done here. */
import type { Job } from "@airlock/contract";

export const LIVE_STATES = ["queued", "pending", "preparing", "creating_server", "active"] as const;
const LIVE: ReadonlySet<string> = new Set(LIVE_STATES);

export const isLive = ({ status }: Job): boolean => LIVE.has(status);
export const isOver = (job: Job): boolean => !isLive(job);
/** It ended, and not as it was meant to. */
export const hasFailed = (job: Job): boolean => isOver(job) && job.status !== "completed";

/** What is said of a job of which there is nothing to say. */
const NOTHING = "Runs.";

/** Why it waits, what is wrong with it, or how it ended; the last that is known. */
export function reasonOf({ failure_reason, current_detailed_status, warning }: Job): string {
  const reason = failure_reason ?? warning ?? current_detailed_status ?? "";
  return reason === NOTHING ? "" : reason;
}
