/** When a route is left again: the rule, on what it and the one that it replaces did in the last ten minutes. */
import {
  FAILURES,
  REQUESTS,
  stepEndMs,
  stepOf,
  TALLY_SIZE,
  type Tally,
  TIME_STEPS,
  TIMED_KINDS,
  type TimedKind,
  timesAt,
} from "./choice.ts";
import { SlidingCounts } from "./sliding-counts.ts";

/**
 * `break`: more than a tenth of its requests fail. `drift`: more of them than the old one's, by half a
 * point. `slow`: more than a tenth take longer than 95 of 100 of the old one's.
 */
export const GATES = ["break", "drift", "slow"] as const;
export type Gate = (typeof GATES)[number];

/** How sure a verdict must be: it is looked for often, and chance would make one of many looks. */
const SURE = 2.58;
const SURER = 3.29;
const LEAST_TO_BREAK = 10;
const LEAST_TO_COMPARE = 200;
const MOST_FAILURES = 0.1;
const MOST_DRIFT = 0.005;
const MOST_SLOW = 0.1;
/** Of the old route's requests so many may be slower than what counts as slow. */
const OLD_SLOW = 0.05;

/** Of the requests of one route, in words for the log. */
export interface Counted {
  readonly requests: number;
  readonly failures: number;
}

export interface Verdict {
  readonly gate: Gate;
  readonly executionApi: Counted;
  readonly direct: Counted;
  /** Of the gate `slow`. */
  readonly slow?: Slow;
}

export interface Slow {
  readonly kind: TimedKind;
  readonly overMs: number;
  /** The share of the new route's requests that took longer, and of how many. */
  readonly share: number;
  readonly requests: number;
}

/** The last look's figures by gate, each a share to be held against its limit; 0 while there is too little to go by. */
export type Seen = Readonly<Record<Gate, number>>;

export class Gates {
  readonly #new = new SlidingCounts(TALLY_SIZE);
  readonly #old = new SlidingCounts(TALLY_SIZE);
  readonly #allowedExtraMs: number;
  #seen: Seen = { break: 0, drift: 0, slow: 0 };

  /** @param allowedExtraMs what the new route may take longer without being slow. */
  constructor(allowedExtraMs: number) {
    this.#allowedExtraMs = allowedExtraMs;
  }

  get seen(): Seen {
    return this.#seen;
  }

  /** Takes what both have done since the last look. @returns the gate that has failed, if one has. */
  look(nowMs: number, newTally: Tally, oldTally: Tally): Verdict | undefined {
    this.#new.take(newTally.counts, nowMs);
    this.#old.take(oldTally.counts, nowMs);
    const executionApi = countedOf(this.#new);
    const direct = countedOf(this.#old);
    const slow = this.#slowest();
    this.#seen = {
      break: executionApi.requests < LEAST_TO_BREAK ? 0 : lower(executionApi, SURER),
      drift: driftOf(executionApi, direct),
      slow: slow === undefined ? 0 : lowerOfSlow(slow),
    };
    const gate = failedGate(this.#seen, direct);
    return gate && { gate, executionApi, direct, ...(gate === "slow" && slow && { slow }) };
  }

  /** Begins anew. */
  clear(): void {
    this.#new.clear();
    this.#old.clear();
    this.#seen = { break: 0, drift: 0, slow: 0 };
  }

  /** Of the kinds of request that can be compared, the one that fares worst. */
  #slowest(): Slow | undefined {
    const found = TIMED_KINDS.flatMap((kind) => this.#slowOf(kind) ?? []);
    return found.sort((a, b) => lowerOfSlow(b) - lowerOfSlow(a))[0];
  }

  #slowOf(kind: TimedKind): Slow | undefined {
    const fresh = timesOf(this.#new, kind);
    const old = timesOf(this.#old, kind);
    const requests = sum(fresh);
    const oldRequests = sum(old);
    if (Math.min(requests, oldRequests) < LEAST_TO_COMPARE) return undefined;
    const slowest = slowStepOf(old, oldRequests * OLD_SLOW);
    const extra = this.#allowedExtraMs;
    const step = extra === 0 ? slowest : stepOf(stepEndMs(slowest) + extra);
    return {
      kind,
      overMs: stepEndMs(step),
      share: sum(fresh.subarray(step + 1)) / requests,
      requests,
    };
  }
}

/** The first step above which no more than so many are. */
function slowStepOf(counts: Float64Array, most: number): number {
  let step = TIME_STEPS - 1;
  for (let above = 0; step > 0; step--) {
    above += counts[step] ?? 0;
    if (above > most) break;
  }
  return step;
}

function failedGate(seen: Seen, direct: Counted): Gate | undefined {
  // at 100 there is nothing to compare with
  const isWorse = direct.requests < LEAST_TO_BREAK || seen.break > upper(direct, SURER);
  if (seen.break > MOST_FAILURES && isWorse) return "break";
  if (seen.drift > MOST_DRIFT) return "drift";
  return seen.slow > MOST_SLOW ? "slow" : undefined;
}

/** By how much more of the new route's requests fail, for sure; 0 where it is not sure that any more do. */
function driftOf(executionApi: Counted, direct: Counted): number {
  if (!isEnough(executionApi, direct)) return 0;
  return Math.max(0, lower(executionApi, SURE) - upper(direct, SURE));
}

const isEnough = (executionApi: Counted, direct: Counted): boolean =>
  Math.min(executionApi.requests, direct.requests) >= LEAST_TO_COMPARE;
const lowerOfSlow = ({ share, requests }: Slow): number => wilson(share, requests, SURE)[0];
const lower = ({ requests, failures }: Counted, z: number): number =>
  wilson(failures / requests, requests, z)[0];
const upper = ({ requests, failures }: Counted, z: number): number =>
  wilson(failures / requests, requests, z)[1];

/**
 * Between which bounds a share lies that was seen so often (Wilson's score interval, good for few and for
 * shares near 0 too).
 *
 * @param z how many standard deviations wide, to either side.
 */
export function wilson(share: number, count: number, z: number): [lower: number, upper: number] {
  const square = (z * z) / count;
  const middle = (share + square / 2) / (1 + square);
  const half = (z * Math.sqrt((share * (1 - share)) / count + square / (4 * count))) / (1 + square);
  return [middle - half, middle + half];
}

const countedOf = ({ sums }: SlidingCounts): Counted => ({
  requests: sums[REQUESTS] ?? 0,
  failures: sums[FAILURES] ?? 0,
});

const timesOf = ({ sums }: SlidingCounts, kind: TimedKind): Float64Array =>
  sums.subarray(timesAt(kind), timesAt(kind) + TIME_STEPS);

function sum(counts: Float64Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
