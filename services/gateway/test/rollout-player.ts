/** Plays requests on a clock of its own through a rollout, until that steps back or the time is over. */
import type { IncomingHttpHeaders } from "node:http";
import { problemType } from "@airlock/contract";
import type { Asker } from "../src/rollout/choice.ts";
import { LOOK_MS, Rollout } from "../src/rollout/rollout.ts";
import { isRouteFailure, relayedProblem } from "../src/upstream/failures.ts";

/** An answer, as far as a judge may look at it. */
export interface Played {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Chooses and judges; ours, or one that a test plants. */
export interface Judge {
  readonly lookMs: number;
  isNew(asker: Asker): boolean;
  ended(isNew: boolean, answer: Played, tookMs: number): void;
  /** @returns whether it has stepped back. */
  look(): boolean;
}

export type MakeJudge = (options: {
  readonly percentage: number;
  readonly by: "caller" | "request";
  readonly salt: string;
  readonly nowMs: () => number;
  readonly random: () => number;
}) => Judge;

export interface Play {
  readonly seed: number;
  readonly perSecond: number;
  readonly percentage: number;
  readonly hours: number;
  /** Of each answer, on each route. */
  readonly answer: (isNew: boolean, random: () => number, caller: number) => Played;
  /** The new route takes so many times as long. */
  readonly slower?: number;
  /** Sticky, with so many callers; unset is by request. */
  readonly callers?: number;
}

export const OK: Played = { status: 200, headers: {} };
const BROKEN: Played = { status: 502, headers: {} };
export const REFUSED: Played = {
  status: 403,
  headers: { "x-amzn-errortype": "AccessDeniedException", "content-type": "application/json" },
};
export const NOT_FOUND: Played = {
  status: 404,
  headers: { "content-type": "application/problem+json" },
};

export const failing =
  (old: number, fresh: number): Play["answer"] =>
  (isNew, random) =>
    random() < (isNew ? fresh : old) ? BROKEN : OK;

/** The rule of the house. */
export const ours: MakeJudge = ({ percentage, by, salt, nowMs, random }) => {
  let hasSteppedBack = false;
  const listener = {
    asked() {},
    traffic() {},
    steppedBack() {
      hasSteppedBack = true;
    },
  };
  const rollout = new Rollout(
    { percentage, salt, source: "file" },
    { by, allowedExtraMs: 0, hasWayBack: true, listener, nowMs, random },
  );
  return {
    lookMs: LOOK_MS,
    isNew: (asker) => rollout.choice.isNew(asker),
    ended(isNew, { status, headers }, tookMs) {
      const tally = isNew ? rollout.executionApi : rollout.direct;
      if (status < 400) return tally.succeeded("value", tookMs);
      const answer = { status, headers, text: status === 404 ? PROBLEM : "" };
      const problem = relayedProblem(answer, false);
      if (!isRouteFailure(problem, headers)) tally.succeeded("value", tookMs);
      else tally.failed({ failure: "answer", status, headers, requestId: "played" });
    },
    look() {
      rollout.look();
      return hasSteppedBack;
    },
  };
};

const CODE = "parameter_not_found";
const PROBLEM = JSON.stringify({ type: problemType(CODE), code: CODE, detail: "There is none." });

/** Half of all times are shorter; with this spread 40 of 100 that take three times as long are beyond the 95th of a hundred. */
const MEDIAN_MS = 12;
const SPREAD = 0.79;

/** @returns after how many seconds it stepped back; undefined when it never did. */
export function play(makeJudge: MakeJudge, plan: Play): number | undefined {
  const { seed, perSecond, percentage, hours, answer, slower = 1, callers } = plan;
  const random = seededFraction(seed);
  let nowMs = 1_000_000;
  const beganMs = nowMs;
  const by = callers === undefined ? "request" : "caller";
  const judge = makeJudge({ percentage, by, salt: `salt ${seed}`, nowMs: () => nowMs, random });
  const askers = Array.from({ length: callers ?? 1 }, (_, n): Asker => {
    const client = { address: "192.0.2.1", network: "192.0.2.1" };
    return { caller: `caller-${n}`, client };
  });
  const endMs = beganMs + hours * 3_600_000;
  let lookMs = nowMs + judge.lookMs;
  for (let nextMs = nowMs; nextMs < endMs; ) {
    nextMs += (-Math.log(1 - random()) / perSecond) * 1000;
    for (; lookMs < nextMs; lookMs += judge.lookMs) {
      nowMs = lookMs;
      if (judge.look()) return (nowMs - beganMs) / 1000;
    }
    nowMs = nextMs;
    const caller = Math.floor(random() * askers.length);
    const asker = askers[caller];
    if (asker === undefined) throw new RangeError("nobody asks");
    const isNew = judge.isNew(asker);
    const tookMs = MEDIAN_MS * Math.exp(SPREAD * normal(random)) * (isNew ? slower : 1);
    judge.ended(isNew, answer(isNew, random, caller), tookMs);
  }
  return undefined;
}

/** Box and Muller's way from two even numbers to one of the bell curve. */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** The mulberry32 generator. */
function seededFraction(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
