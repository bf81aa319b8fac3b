/** How long a job may run: from its launch to its end, all extensions included. */
import { ProblemError } from "@airlock/contract";
import type { JobRow } from "@airlock/jobs-store";

type Hours = Pick<JobRow, "launched_at" | "expires_at" | "duration_hours">;

const HOUR_MS = 3_600_000;
/** Fractions of an hour do not add up to the last bit. */
export const ROUNDING = 1e-6;

/** @throws ProblemError invalid_body */
export function demandHours(hours: number, maxHours: number): void {
  if (hours <= maxHours) return;
  throw new ProblemError("invalid_body", `duration_hours: a job may run ${maxHours} hours here.`);
}

/**
 * Extensions that are still on the queue are not seen here: who carries them out holds them to the
 * same number.
 *
 * @throws ProblemError invalid_body
 */
export function demandRoom(job: Hours, extensionHours: number, maxHours: number): void {
  const has = hoursOf(job);
  if (has + extensionHours <= maxHours + ROUNDING) return;
  const left = Math.max(0, Math.floor((maxHours - has + ROUNDING) * 100) / 100);
  throw new ProblemError(
    "invalid_body",
    `extension_hours: a job may run ${maxHours} hours from its launch here; ${left} are left for this one.`,
  );
}

/** From its launch to its end, as it stands. */
export function hoursOf({ launched_at, expires_at, duration_hours }: Hours): number {
  const hasRun = launched_at !== null && expires_at !== null;
  return hasRun ? (expires_at.getTime() - launched_at.getTime()) / HOUR_MS : duration_hours;
}
