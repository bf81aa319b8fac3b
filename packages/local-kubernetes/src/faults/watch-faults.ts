/** What the faults that are on do to one watch. */
import type { Target } from "../api/target.ts";
import type { FaultBook } from "./fault-book.ts";

export interface WatchFaults {
  /** The answer itself is 410. */
  readonly isGoneAtOnce: boolean;
  /** 410 comes as an event. */
  readonly isGone: boolean;
  readonly isSilent: boolean;
  readonly isTwice: boolean;
  readonly delayMs: number;
  /** The connection ends after so many events. */
  readonly dropAfter: number;
}

const NAMES = ["dropWatch", "silentWatch", "duplicateEvents", "delayEvents", "gone"] as const;

export function watchFaults(faults: FaultBook, target: Target): WatchFaults {
  const hits = [...faults.strike(NAMES, target)];
  const has = (name: (typeof NAMES)[number]) => hits.some(({ fault }) => fault === name);
  return {
    isGoneAtOnce: hits.some((hit) => hit.fault === "gone" && hit.how === "status"),
    isGone: hits.some((hit) => hit.fault === "gone" && hit.how === "event"),
    isSilent: has("silentWatch"),
    isTwice: has("duplicateEvents"),
    delayMs: Math.max(0, ...hits.map((hit) => (hit.fault === "delayEvents" ? hit.delayMs : 0))),
    dropAfter: Math.min(
      Number.POSITIVE_INFINITY,
      ...hits.map((hit) =>
        hit.fault === "dropWatch" ? hit.afterEvents : Number.POSITIVE_INFINITY,
      ),
    ),
  };
}
