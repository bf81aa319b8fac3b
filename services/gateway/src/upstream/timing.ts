/** Time limits by class of request, in milliseconds. Outer limits are longer than those of aux. */
import { MAX_WAIT_SECONDS } from "@airlock/contract";

/** Connections of their own for what takes long, so that it cannot hold up what does not. */
export const LANES = {
  /** More than the 70 places of one aux, so that it is aux that says when it is full. */
  short: { connections: 128, maxQueued: 384, bodyPauseMs: 5000 },
  /** Each is as slow as its client; aux sends 200 at most. */
  stream: { connections: 256, maxQueued: 256, bodyPauseMs: 30_000 },
  /** Each waits for a value to change, for all who wait for it. */
  wait: { connections: 512, maxQueued: 512, bodyPauseMs: 5000 },
  /** Each waits for STS. */
  login: { connections: 64, maxQueued: 64, bodyPauseMs: 5000 },
} as const;

export type LaneName = keyof typeof LANES;

export interface Limits {
  readonly lane: LaneName;
  readonly headersLimitMs: number;
  /** Until the whole answer is with the client; undefined means for as long as bytes move. */
  readonly overallMs: number | undefined;
  /** What the breaker learns of its calls; unset means how each of them ended. */
  readonly tells?: "answers" | "nothing";
}

export const TIMINGS = {
  /** One value: aux takes 1.8 s at most. */
  value: { lane: "short", headersLimitMs: 2500, overallMs: 2900 },
  /** All pages of a list, or many values. */
  list: { lane: "short", headersLimitMs: 24_500, overallMs: 24_900 },
  /** An object of any size. */
  stream: { lane: "stream", headersLimitMs: 5000, overallMs: undefined },
  /** Readers leave when their own time is up; this one only ends a call that nobody answers. */
  wait: {
    lane: "wait",
    headersLimitMs: (MAX_WAIT_SECONDS + 3) * 1000,
    overallMs: undefined,
    tells: "answers", // a wait that fails says little of how other requests fare
  },
  /** Anything of the jobs API but a login. */
  jobs: { lane: "short", headersLimitMs: 4500, overallMs: 4900 },
  /** jobs asks STS for 5 s at most, beside its database. */
  login: { lane: "login", headersLimitMs: 9500, overallMs: 9900 },
  /** Asked before a client's request is let in, whose own time has not begun. */
  keyCheck: { lane: "short", headersLimitMs: 1800, overallMs: 2000 },
  /** Asked beside a client's request, which is answered without it. */
  health: { lane: "short", headersLimitMs: 450, overallMs: 500, tells: "nothing" },
} as const satisfies Record<string, Limits>;

export type Timing = keyof typeof TIMINGS;

/** Time to make a connection. */
export const CONNECT_MS = 500;

/** Time to wait for a free connection; longer than making one, whose failure is told apart. */
export const QUEUE_MS = 1400;
