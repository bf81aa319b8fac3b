/** All that a request meets of the rollout: which route it takes, and a mark for how it fared there. */
import { hash } from "node:crypto";
import { callerOrNetwork } from "@airlock/http";
import type { FastifyRequest } from "fastify";
import type { ClassName } from "../upstream/classes.ts";
import type { Route, RouteFailure, RouteFor, Witness } from "../upstream/upstream.ts";

export type RolloutBy = "caller" | "request";
/** Of what time is compared, each kind with its own. */
export const TIMED_KINDS = ["value", "list", "stream"] as const;
export type TimedKind = (typeof TIMED_KINDS)[number];

/** Who asks, as far as the choice goes. */
export type Asker = Pick<FastifyRequest, "caller" | "client">;

const HEX_DIGITS = 12;

/**
 * Where somebody stands between 0 and 100, always and on every pod: with a percentage above that he takes
 * the new route, so that a larger one moves people forward and nobody back.
 *
 * @param salt another one draws another order of people.
 */
export function positionOf(salt: string, who: string): number {
  const digits = hash("sha256", `${salt}\n${who}`, "hex").slice(0, HEX_DIGITS);
  return (Number.parseInt(digits, 16) / 16 ** HEX_DIGITS) * 100;
}

/** Which of two routes a request takes. */
export class Choice {
  /** How many of a hundred take the new one. */
  percentage = 0;
  salt = "";
  /** How many took each, since the process began. */
  readonly taken = { direct: 0, executionApi: 0 };
  readonly #by: RolloutBy;
  readonly #random: () => number;
  readonly #isOpen: () => boolean;

  /**
   * @param random from 0 to 1, for a choice by request.
   * @param isOpen false while nobody can take the new one yet.
   */
  constructor(by: RolloutBy, random: () => number = Math.random, isOpen = () => true) {
    this.#by = by;
    this.#random = random;
    this.#isOpen = isOpen;
  }

  /** @returns whether it is the new one: by the caller's name where callers are known, else by the network. */
  isNew(asker: Asker): boolean {
    const isNew = this.percentage > 0 && this.#isOpen() && this.#draw(asker) < this.percentage;
    if (isNew) this.taken.executionApi++;
    else this.taken.direct++;
    return isNew;
  }

  #draw(asker: Asker): number {
    if (this.percentage >= 100) return 0;
    return this.#by === "request"
      ? this.#random() * 100
      : positionOf(this.salt, callerOrNetwork(asker));
  }
}

/** @param classes which may take the new route; the rest has the direct one. */
export function chooseRoute(
  choice: Choice,
  direct: Route,
  executionApi: Route,
  classes: ReadonlySet<string>,
): RouteFor {
  return (request, name) => (classes.has(name) && choice.isNew(request) ? executionApi : direct);
}

/** Times are counted in steps of 9 %, from a quarter of a millisecond to a minute. */
const STEPS_PER_DOUBLING = 8;
const SHORTEST_LOG2 = -2;
const DOUBLINGS = 18;
export const TIME_STEPS = DOUBLINGS * STEPS_PER_DOUBLING;

/** Everything within a step counts as this many milliseconds at most. */
export const stepEndMs = (step: number): number =>
  2 ** ((step + 1) / STEPS_PER_DOUBLING + SHORTEST_LOG2);

export function stepOf(ms: number): number {
  const step = Math.ceil((Math.log2(ms) - SHORTEST_LOG2) * STEPS_PER_DOUBLING) - 1;
  return Math.min(TIME_STEPS - 1, Math.max(0, step));
}

/** Where in `Tally.counts` each number stands; behind them the times, kind by kind. */
export const REQUESTS = 0;
export const FAILURES = 1;
const TIMES = 2;
export const timesAt = (kind: TimedKind): number => TIMES + TIMED_KINDS.indexOf(kind) * TIME_STEPS;
const TIMES_OF: Readonly<Partial<Record<ClassName, number>>> = {
  value: timesAt("value"),
  list: timesAt("list"),
  stream: timesAt("stream"),
};
export const TALLY_SIZE = TIMES + TIMED_KINDS.length * TIME_STEPS;

/** What one route has done since it was last looked at: whoever looks takes the numbers away. */
export class Tally implements Witness {
  readonly counts = new Uint32Array(TALLY_SIZE);
  readonly #listener: Pick<Witness, "failed" | "fellBack"> | undefined;

  constructor(listener?: Pick<Witness, "failed" | "fellBack">) {
    this.#listener = listener;
  }

  /** How long a wait took is not the route's doing, and is left out. */
  succeeded(name: ClassName, tookMs: number): void {
    this.#raise(REQUESTS);
    this.left(name, tookMs);
  }

  /** Neither well nor badly, but slow where it was: who gives up sooner than a call does would hide that. */
  left(name: ClassName, afterMs: number): void {
    const times = TIMES_OF[name];
    if (times !== undefined) this.#raise(times + stepOf(afterMs));
  }

  failed(how: RouteFailure): void {
    this.#raise(REQUESTS);
    this.#raise(FAILURES);
    this.#listener?.failed(how);
  }

  fellBack(how: RouteFailure): void {
    this.#listener?.fellBack(how);
  }

  get requests(): number {
    return this.counts[REQUESTS] ?? 0;
  }

  get failures(): number {
    return this.counts[FAILURES] ?? 0;
  }

  clear(): void {
    this.counts.fill(0);
  }

  #raise(index: number): void {
    this.counts[index] = (this.counts[index] ?? 0) + 1;
  }
}
