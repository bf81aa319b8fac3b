/** How long to wait before the next try: twice as long each time, never at the same moment as others. */

export interface BackOff {
  /** Milliseconds to wait now. @param wishMs what the server asks for: never less than that. */
  next(wishMs?: number): number;
  /** It went well. */
  reset(): void;
}

const FIRST_MS = 500;
const MOST_MS = 30_000;

export function createBackOff(random: () => number, firstMs = FIRST_MS, mostMs = MOST_MS): BackOff {
  let tries = 0;
  return {
    next(wishMs = 0) {
      const ceilingMs = Math.min(mostMs, firstMs * 2 ** Math.min(tries, 16));
      tries++;
      // between a half and the whole: many at once spread, and nobody comes back at once
      const ownMs = ceilingMs * (0.5 + random() / 2);
      return Math.max(ownMs, wishMs * (1 + random() / 4));
    },
    reset() {
      tries = 0;
    },
  };
}
