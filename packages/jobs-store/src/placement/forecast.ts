/**
 * When jobs that wait will start: the queue is played forward many times by placement itself, with
 * lengths of jobs, and jobs that come meanwhile, as they have lately been.
 */
import { setImmediate as others } from "node:timers/promises";
import type { Amount } from "./amounts.ts";
import { type InLine, inOrder, type OrderRules } from "./order.ts";
import { type Booked, type PlacementNode, place } from "./place.ts";
import { type RunLengths, ratioAt } from "./run-lengths.ts";

const HOUR_MS = 3_600_000;

export interface ForecastJob extends InLine {
  readonly hours: number;
}

export interface RunningJob extends Booked {
  readonly jobId: string;
  readonly userId: number;
  /** Undefined: it has a node, and has not started. */
  readonly launchedAtMs: number | undefined;
  /** From its start to its end at the latest. */
  readonly hours: number;
  readonly isEnding: boolean;
}

/** A job of the last while, as one that may come again: `createdAtMs` is when it came. */
export type Arrival = ForecastJob;

export interface ForecastQuestion {
  readonly nowMs: number;
  readonly nodes: readonly PlacementNode[];
  readonly running: readonly RunningJob[];
  /** What else stands on nodes; nobody knows until when. */
  readonly strangers: readonly Booked[];
  readonly waiting: readonly ForecastJob[];
  readonly rules: OrderRules;
  readonly lengths: RunLengths;
  readonly arrivals: {
    readonly jobs: readonly Arrival[];
    /** In which they all came; it ends now. */
    readonly windowMs: number;
  };
}

export interface Start {
  /** Half of such jobs have started by then. */
  readonly p50Ms: number;
  /** Nine of ten. */
  readonly p90Ms: number;
}

/** More say little more. */
const PLAYS = 24;
/** Plays know of no node that will be lost: by when 19 of 20 have started, nine of ten jobs do. */
const P90_OF_PLAYS = 0.95;
/** Longer queues are not played: whoever is behind so many is told no time. */
export const FORECAST_JOBS = 400;
const HORIZON_MS = 7 * 24 * HOUR_MS;
/** Jobs and nodes that one play looks at, over and over: some ten milliseconds. Who has not started by then is told no time. */
const MOST_LOOKS = 200_000;
/** A job that has been told to end. */
const ENDING_MS = 30_000;

/** @returns nothing for jobs of which too few plays know a start. Others have their turn between two plays. */
export async function forecast(question: ForecastQuestion): Promise<ReadonlyMap<string, Start>> {
  const starts = new Map<string, number[]>();
  const { length } = question.waiting;
  if (length === 0 || length > FORECAST_JOBS) return new Map();
  for (let play = 0; play < PLAYS; play++) {
    if (play > 0) await others();
    for (const [jobId, atMs] of playOnce(question, play)) {
      const known = starts.get(jobId);
      if (known) known.push(atMs);
      else starts.set(jobId, [atMs]);
    }
  }
  const told = new Map<string, Start>();
  for (const [jobId, times] of starts) {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.ceil(share * PLAYS) - 1];
    const p50Ms = at(0.5);
    const p90Ms = at(P90_OF_PLAYS);
    if (p50Ms !== undefined && p90Ms !== undefined) told.set(jobId, { p50Ms, p90Ms });
  }
  return told;
}

interface Playing {
  readonly jobId: string;
  readonly userId: number;
  readonly gpus: number;
  readonly nodeName: string;
  readonly amount: Amount;
  /** As placement is told: at the latest. */
  readonly endsAtMs: number;
  readonly isOverAtMs: number;
}

/** One way that it may go. @returns when each job of the question starts, as far as it does. */
function playOnce(question: ForecastQuestion, play: number): Map<string, number> {
  const { nodes, strangers, rules, lengths } = question;
  const asked = new Map(question.waiting.map((job) => [job.jobId, job]));
  const starts = new Map<string, number>();
  const jobs = new Map(asked);
  let running = question.running.map((job) => playingOf(job, question, play));
  let waiting = [...question.waiting];
  const coming = comingOf(question, play);
  let nowMs = question.nowMs;
  let looks = 0;
  for (;;) {
    looks += waiting.length + running.length + nodes.length;
    if (looks > MOST_LOOKS) return starts;
    const held = new Map<number, number>();
    for (const { userId, gpus } of running) {
      held.set(userId, (held.get(userId) ?? 0) + Math.max(1, gpus));
    }
    const lined = inOrder(waiting, held, rules, nowMs);
    const { placed } = place({ nodes, booked: [...strangers, ...running], waiting: lined });
    const startedNow = new Set<string>();
    for (const { jobId, nodeName, amount } of placed) {
      const job = jobs.get(jobId);
      if (job === undefined) continue;
      startedNow.add(jobId);
      if (asked.has(jobId)) starts.set(jobId, nowMs);
      const lastsMs = job.hours * HOUR_MS;
      const isOverAtMs = nowMs + lastsMs * ratioAt(lengths, 0, chance(jobId, play));
      const { userId, gpus } = job;
      running.push({
        jobId,
        userId,
        gpus,
        nodeName,
        amount,
        endsAtMs: nowMs + lastsMs,
        isOverAtMs,
      });
    }
    if (startedNow.size > 0) waiting = waiting.filter(({ jobId }) => !startedNow.has(jobId));
    if (starts.size === asked.size) return starts;
    const endMs = Math.min(...running.map(({ isOverAtMs }) => isOverAtMs));
    nowMs = Math.min(endMs, coming.nextAtMs());
    if (!(nowMs <= question.nowMs + HORIZON_MS)) return starts;
    if (endMs <= nowMs) running = running.filter(({ isOverAtMs }) => isOverAtMs > nowMs);
    for (const job of coming.take(nowMs)) {
      // a queue that only grows is told of all the same
      if (waiting.length >= 2 * FORECAST_JOBS) break;
      jobs.set(job.jobId, job);
      waiting.push(job);
    }
  }
}

function playingOf(job: RunningJob, { nowMs, lengths }: ForecastQuestion, play: number): Playing {
  const { jobId, userId, nodeName, amount, launchedAtMs = nowMs, hours } = job;
  const lastsMs = hours * HOUR_MS;
  const done = (nowMs - launchedAtMs) / lastsMs;
  const ratio = ratioAt(lengths, Math.max(0, done), chance(jobId, play));
  const isOverAtMs = job.isEnding ? nowMs + ENDING_MS : launchedAtMs + ratio * lastsMs;
  return {
    jobId,
    userId,
    gpus: amount.gpus,
    nodeName,
    amount,
    endsAtMs: job.endsAtMs,
    isOverAtMs: Math.max(nowMs + 1, isOverAtMs),
  };
}

interface Coming {
  /** Of the next one; infinity: none comes. */
  readonly nextAtMs: () => number;
  /** Those until then, each once. */
  readonly take: (untilMs: number) => Arrival[];
}

/** Busier and quieter days than the last: so many times its jobs come, at least and at most. */
const QUIETEST = 0.4;
const BUSIEST = 1.6;

/** Those of the last while once more, and once more, from another moment of it on. */
function comingOf({ arrivals, nowMs }: ForecastQuestion, play: number): Coming {
  const { windowMs } = arrivals;
  const often = QUIETEST + (BUSIEST - QUIETEST) * ((play + 0.5) / PLAYS);
  // a busy day does not always begin in the morning
  const shiftMs = (((play * 7) % PLAYS) / PLAYS) * windowMs;
  const round = arrivals.jobs
    .flatMap((job) => {
      const times = Math.floor(often + chance(`${job.jobId} comes`, play));
      return Array.from({ length: times }, () => job);
    })
    .map((job) => ({ job, afterMs: (job.createdAtMs - nowMs + 2 * windowMs - shiftMs) % windowMs }))
    .sort((a, b) => a.afterMs - b.afterMs);
  let taken = 0;
  const nextAtMs = () => {
    const next = round[taken % round.length];
    const rounds = Math.floor(taken / round.length);
    return next ? nowMs + 1 + next.afterMs + rounds * windowMs : Number.POSITIVE_INFINITY;
  };
  return {
    nextAtMs,
    take(untilMs) {
      const coming: Arrival[] = [];
      for (let atMs = nextAtMs(); atMs <= untilMs; atMs = nextAtMs()) {
        const next = round[taken % round.length];
        if (next)
          coming.push({
            ...next.job,
            jobId: `${next.job.jobId} again ${taken}`,
            createdAtMs: atMs,
          });
        taken++;
      }
      return coming;
    },
  };
}

/** Even over jobs and plays, and the same whenever it is asked: what is told does not jump about. */
function chance(jobId: string, play: number): number {
  let hash = 2_166_136_261 ^ (play * 0x9e3779b1);
  for (let index = 0; index < jobId.length; index++) {
    hash = Math.imul(hash ^ jobId.charCodeAt(index), 16_777_619);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 4_294_967_296;
}
