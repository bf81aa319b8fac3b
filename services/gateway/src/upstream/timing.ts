/** Time limits by class of route, in milliseconds. Outer limits are longer than those of aux. */
export const TIMINGS = {
  /** One value: aux takes 1.8 s at most. */
  value: { headersLimitMs: 2500, overallMs: 2900 },
  /** All pages of a list. */
  list: { headersLimitMs: 24_500, overallMs: 24_900 },
} as const;

export type Timing = keyof typeof TIMINGS;

/** Time to make a connection. */
export const CONNECT_MS = 500;

/** Time to wait for a free connection; longer than making one, whose failure is told apart. */
export const QUEUE_MS = 1400;
