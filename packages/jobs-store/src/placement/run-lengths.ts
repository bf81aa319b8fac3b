/** How long jobs really run, of what they asked for: most end before their time. */

/** Of jobs that are over: their time on a node by the time that they might have had. */
export interface RunLengths {
  /** In ascending order; empty: too few are known, and all are taken to run for as long as they may. */
  readonly ratios: readonly number[];
}

/** Fewer say nothing. */
const FLOOR = 20;
const WHOLE: RunLengths = { ratios: [] };

/**
 * Those of the type, where there are enough of them; else those of all types.
 *
 * @param byType ratios in any order.
 */
export function runLengthsOf(
  byType: ReadonlyMap<string, readonly number[]>,
  gpuType: string,
): RunLengths {
  const own = byType.get(gpuType) ?? [];
  if (own.length >= FLOOR) return { ratios: own.toSorted((a, b) => a - b) };
  const all = [...byType.values()].flat();
  return all.length >= FLOOR ? { ratios: all.toSorted((a, b) => a - b) } : WHOLE;
}

/**
 * @param done how much of its time it has run already: it is one of those that ran longer.
 * @param share 0 to 1: so many of those are over by then.
 * @returns the part of its time after which it is over; never less than `done`.
 */
export function ratioAt({ ratios }: RunLengths, done: number, share: number): number {
  const from = firstAbove(ratios, done);
  const left = ratios.length - from;
  // it runs longer than any that is known
  if (left === 0) return Math.max(done, 1);
  return ratios[from + Math.min(left - 1, Math.floor(share * left))] ?? 1;
}

function firstAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
