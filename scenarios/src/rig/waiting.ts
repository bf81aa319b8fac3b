/** Waiting for something to come true, and for time to pass. */
import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

/**
 * Resolves with the milliseconds it took until the condition held.
 *
 * @throws Error naming `what` when it did not hold within the limit.
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 15_000,
  everyMs = 20,
): Promise<number> {
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > limitMs) throw new Error(`not in ${limitMs} ms: ${what}`);
    await sleep(everyMs);
  }
  return performance.now() - startedAt;
}

/** The value at a share (0 to 1) of the sorted values; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
