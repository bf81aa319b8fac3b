/** The end that time brings: warnings before it, and the end. */
import type { JobView, Limits } from "./job-view.ts";
import type { Step } from "./step.ts";

const MINUTE_MS = 60_000;

/** What is due now, or when something is. */
export function expiryOf(job: JobView, limits: Limits, nowMs: number): Step | { atMs: number } {
  const { expiresAtMs, launchedAtMs, jobId } = job;
  if (expiresAtMs === undefined) return { atMs: Number.POSITIVE_INFINITY };
  const endMs = expiresAtMs + limits.expiryGraceSeconds * 1000;
  if (nowMs >= endMs) return { do: "end", as: "expired", kind: "expired" };
  const lifeMs = expiresAtMs - (launchedAtMs ?? expiresAtMs);
  // who asks for ten minutes need not be told at once that they are fewer than thirty
  const levels = limits.warningMinutes.filter((minutes) => minutes * MINUTE_MS < lifeMs);
  const due = levels.filter((minutes) => expiresAtMs - minutes * MINUTE_MS <= nowMs);
  if (due.some((minutes) => job.warningsSent[keyOf(minutes)] !== true)) {
    const sent = Object.fromEntries(due.map((minutes) => [keyOf(minutes), true as const]));
    return { do: "warn", text: warningText(jobId, expiresAtMs, nowMs), sent };
  }
  const next = levels.filter((minutes) => !due.includes(minutes));
  const times = next.map((minutes) => expiresAtMs - minutes * MINUTE_MS);
  return { atMs: Math.min(endMs, ...times) };
}

/** As released clients read it. */
const keyOf = (minutes: number): string => `${minutes}min_warning_sent`;

function warningText(jobId: string, expiresAtMs: number, nowMs: number): string {
  const minutes = Math.ceil((expiresAtMs - nowMs) / MINUTE_MS);
  const id = jobId.slice(0, 8);
  const at = `at ${new Date(expiresAtMs).toISOString().slice(11, 16)} UTC`;
  if (minutes <= 0) return `URGENT: job ${id} ends in less than 1 minute. Save what you need.`;
  const word = minutes <= 5 ? "WARNING" : minutes <= 15 ? "NOTICE" : "INFO";
  const time = `${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
  return `${word}: job ${id} ends in ${time}, ${at}. Extend it to keep it.`;
}
