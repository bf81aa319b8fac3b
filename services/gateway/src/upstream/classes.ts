/** The classes of requests: which lane each takes, and how long its steps may take, in milliseconds. */
import { MAX_WAIT_SECONDS } from "@airlock/contract";

/** Places and connections of their own for what takes long, so that it cannot hold up what does not. */
export const LANES = {
  /** One aux has 70 places for each AWS service, and there are several aux: it is mostly they who refuse. */
  value: { places: 128, maxQueued: 384, bodyPauseMs: 5000 },
  /** Each may take as long as all pages of a list do. */
  list: { places: 128, maxQueued: 128, bodyPauseMs: 5000 },
  /** Each is as slow as its client; aux sends 200 at most. */
  stream: { places: 256, maxQueued: 256, bodyPauseMs: 30_000 },
  /** Each waits for a value to change, for all who wait for it. */
  wait: { places: 512, maxQueued: 512, bodyPauseMs: 5000 },
  /** Each lasts as long as its job, and may be silent as long. */
  follow: { places: 500, maxQueued: 64, bodyPauseMs: 0 },
  /** The same of events, of which a stream costs little on either side: as many as jobs has places for. */
  events: { places: 1500, maxQueued: 500, bodyPauseMs: 60_000 },
  /** Each waits for STS. */
  login: { places: 64, maxQueued: 64, bodyPauseMs: 5000 },
  /** What the gateway asks for itself: whether anybody is there. */
  probe: { places: 2, maxQueued: 8, bodyPauseMs: 900 },
} as const satisfies Record<string, LaneSize>;

export type LaneName = keyof typeof LANES;

export interface LaneSize {
  /** Calls under way, each on a connection of its own. */
  readonly places: number;
  /** Calls that wait for a place; one more is refused. */
  readonly maxQueued: number;
  /** The longest pause between two parts of a body; 0 is any. */
  readonly bodyPauseMs: number;
}

export interface ClassRules {
  readonly lane: LaneName;
  /** From sending a request to the first header of its answer. */
  readonly headersMs: number;
  /** Until the whole answer is with the client; undefined means for as long as bytes move. */
  readonly overallMs: number | undefined;
  /** What the breaker learns of its calls; unset means how each of them ended. */
  readonly tells?: "answers" | "nothing";
  /** Its answer goes on as it comes, from its head on; an error is collected all the same. */
  readonly isFlowing?: boolean;
  /** Left out of the histogram of calls: its time is not the upstream's. */
  readonly isUntimed?: boolean;
}

export const CLASSES = {
  /** One value: aux takes 2.3 s at most. */
  value: { lane: "value", headersMs: 2500, overallMs: 2900 },
  /** All pages of a list, or many values. */
  list: { lane: "list", headersMs: 24_500, overallMs: 24_900 },
  /** An object of any size. */
  stream: { lane: "stream", headersMs: 5000, overallMs: undefined },
  /** Readers leave when their own time is up; this one only ends a call that nobody answers. */
  wait: {
    lane: "wait",
    headersMs: (MAX_WAIT_SECONDS + 3) * 1000,
    overallMs: undefined,
    tells: "answers", // a wait that fails says little of how other requests fare
    isUntimed: true,
  },
  /** Anything of the jobs API but a login. */
  jobs: { lane: "value", headersMs: 4500, overallMs: 4900 },
  /** A log that is followed. */
  follow: { lane: "follow", headersMs: 4500, overallMs: undefined, isFlowing: true },
  /** A stream of events. */
  events: { lane: "events", headersMs: 4500, overallMs: undefined, isFlowing: true },
  /** Events, once there are any. Whoever waits asks for what there is when the time is up. */
  eventWait: {
    lane: "events",
    headersMs: (MAX_WAIT_SECONDS + 3) * 1000,
    overallMs: undefined,
    tells: "answers",
    isUntimed: true,
  },
  /** jobs asks STS for 5 s at most, beside its database. */
  login: { lane: "login", headersMs: 9500, overallMs: 9900 },
  /** Asked before a client's request is let in, whose own time has not begun. */
  keyCheck: { lane: "value", headersMs: 1800, overallMs: 2000 },
  /** Asked beside a client's request, which is answered without it. */
  health: { lane: "probe", headersMs: 450, overallMs: 500, tells: "nothing" },
  /** Asked by the breaker, which learns of it in its own way. */
  probe: { lane: "probe", headersMs: 900, overallMs: 900, tells: "nothing", isUntimed: true },
} as const satisfies Record<string, ClassRules>;

export type ClassName = keyof typeof CLASSES;

/** Time to make a connection. */
export const CONNECT_MS = 500;

/** Time to wait for a place. */
export const QUEUE_MS = 1400;
