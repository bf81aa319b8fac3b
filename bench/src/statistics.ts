/** Medians, and ratios of what was measured side by side. */

/** The middle of the values, or the mean of the two in the middle; NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper;
}

/** The smallest value that at least this share of them does not exceed; NaN when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export interface PairedRatio {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Of each round that has both. */
export function ratiosOf(
  of: readonly (number | undefined)[],
  to: readonly (number | undefined)[],
): number[] {
  return of.flatMap((value, round) => {
    const other = to[round];
    return value !== undefined && other ? [value / other] : [];
  });
}

/**
 * Between which two of the values the median of all that could have been measured lies, with a confidence
 * of 95 %: by their order alone, whatever their distribution.
 * https://en.wikipedia.org/wiki/Order_statistic#Quantiles: the rank of the median is binomial.
 *
 * @returns undefined for fewer than six values, of which no two are so far apart.
 */
export function medianInterval(
  values: readonly number[],
): { readonly from: number; readonly to: number } | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  let chance = 0.5 ** count;
  let below = 0;
  let rank = 0;
  // as many values as may be left out on either side
  while (below + chance <= 0.025 && rank < count) {
    below += chance;
    chance *= (count - rank) / (rank + 1);
    rank++;
  }
  const [from, to] = [sorted[rank - 1], sorted[count - rank]];
  return from === undefined || to === undefined ? undefined : { from, to };
}

/**
 * The ratio of two series by round. A machine that drifts within seconds moves both members of a
 * pair; ratios of two medians would compare one second with another.
 *
 * @returns undefined when no round has both.
 */
export function pairedRatio(
  of: readonly (number | undefined)[],
  to: readonly (number | undefined)[],
): PairedRatio | undefined {
  const ratios = ratiosOf(of, to);
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}
