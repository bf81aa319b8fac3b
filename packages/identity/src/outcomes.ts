/** What log and metrics learn of each check at a door, whichever proof is asked for there. */
import type { IdentityLog } from "./log.ts";

const WINDOW_MS = 10_000;

export interface OutcomeOptions<R extends string> {
  readonly log: IdentityLog;
  /** Counts each checked request; the reasons are a closed list and may be labels. */
  readonly observe?: ((outcome: "verified" | R) => void) | undefined;
  readonly now?: (() => Date) | undefined;
}

export interface Outcomes<R extends string> {
  verified(): void;
  /** One line in ten seconds for each reason, with the number of checks that it stands for. */
  refused(reason: R, line: RefusalLine): void;
}

export interface RefusalLine {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields?: object;
}

export function tellOutcomes<R extends string>(options: OutcomeOptions<R>): Outcomes<R> {
  const { log, observe, now = () => new Date() } = options;
  const told = new Map<R, { atMs: number; held: number }>();
  return {
    verified: () => observe?.("verified"),
    refused(reason, { level, message, fields }) {
      observe?.(reason);
      const nowMs = now().getTime();
      const last = told.get(reason);
      if (last && nowMs - last.atMs < WINDOW_MS) {
        last.held++;
        return;
      }
      told.set(reason, { atMs: nowMs, held: 0 });
      log[level]({ reason, count: (last?.held ?? 0) + 1, ...fields }, message);
    },
  };
}
