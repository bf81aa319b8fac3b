/** Time, as commands see it. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Clock {
  now(): number;
  /** @throws AbortError when the signal ends first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { ...(signal && { signal }) }),
};
