/** How many requests a minute are taken of one client: by its name where it is known, else by address. */
import { ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import { Counter } from "prom-client";
import { setAnswerHeader } from "./answer-headers.ts";
import { type ClientAddress, widerNetworkOf } from "./client-address.ts";
import type { Metrics } from "./metrics.ts";
import { type MinuteCount, MinuteCounts, type MinuteCountsOptions } from "./minute-counts.ts";

export interface RateLimit {
  /**
   * Counts a request: for its caller, where that is known, else for its address.
   *
   * @param caller unset means the request's own.
   * @throws ProblemError rate_limited.
   */
  spend(request: FastifyRequest, caller?: string): void;
  /**
   * Counts what is no request: a head that nobody can read.
   *
   * @throws ProblemError rate_limited.
   */
  spendFor(client: ClientAddress): void;
  /**
   * Counts a request for its address until it is known who is calling, which may cost more than the
   * answer. Where so many are held like that, or nothing else is left, the request waits for them.
   *
   * @throws ProblemError rate_limited.
   */
  hold(request: FastifyRequest): Promise<Held>;
  /**
   * Counts a request that was answered before its caller was known.
   *
   * @returns seconds for which that caller may send no more, 0 while it may.
   */
  note(caller: string, request: FastifyRequest): number;
}

export interface Held {
  /** Once. The address has its request back where the caller is known: it counts for the caller then. */
  settle(isKnown: boolean): void;
}

export interface RateLimitOptions {
  /** 0 means no limit. */
  readonly perMinute: number;
  /** For the metric; one of a closed list. */
  readonly name: string;
}

/** Of one address: they may be looked up all at the same time, where others look up theirs. */
const MAX_HELD = 64;
/** Longest wait for what is held: as long as a key may be looked up. */
const MAX_WAIT_MS = 2000;
/** Requests of one address that wait: each is one of those in progress, of which all clients have 1000. */
const MAX_WAITERS = 256;

/** @returns what makes limits; undefined stands for none. Call it once for each process. */
export function rateLimitMaker(
  { registry }: Pick<Metrics, "registry">,
  counting: Omit<MinuteCountsOptions, "onShared"> = {},
): (options: RateLimitOptions) => RateLimit | undefined {
  const shared = new Counter({
    name: "airlock_rate_limit_shared_total",
    help: "Requests counted together with those of neighbours (/24, /48), because 100,000 others have counts of their own.",
    labelNames: ["limit"],
    registers: [registry],
  });
  return ({ perMinute, name }) => {
    if (perMinute === 0) return undefined;
    const onShared = () => shared.labels(name).inc();
    return new MinuteLimit(perMinute, { ...counting, onShared });
  };
}

class MinuteLimit implements RateLimit {
  readonly #perMinute: number;
  // apart, so that a flood of addresses does not make callers share
  readonly #callers: MinuteCounts;
  readonly #addresses: MinuteCounts;

  constructor(perMinute: number, counting: MinuteCountsOptions) {
    this.#perMinute = perMinute;
    this.#callers = new MinuteCounts(counting);
    this.#addresses = new MinuteCounts(counting);
  }

  spend(request: FastifyRequest, caller = request.caller): void {
    const { network } = request.client;
    const counts = caller === undefined ? this.#addresses : this.#callers;
    const count = counts.of(caller ?? network, () => widerNetworkOf(network));
    request.isCounted = true;
    if (count.spent >= this.#perMinute) throw this.#refusal(request, counts.secondsLeft(count));
    count.spent++;
    this.#tell(request, this.#perMinute - count.spent, counts.secondsLeft(count));
  }

  spendFor({ network }: ClientAddress): void {
    const count = this.#addresses.of(network, () => widerNetworkOf(network));
    if (count.spent >= this.#perMinute) throw this.#problem(this.#addresses.secondsLeft(count));
    count.spent++;
  }

  async hold(request: FastifyRequest): Promise<Held> {
    const { network } = request.client;
    const deadlineMs = performance.now() + MAX_WAIT_MS;
    request.isCounted = true;
    for (;;) {
      const count = this.#addresses.of(network, () => widerNetworkOf(network));
      if (count.spent < this.#perMinute && count.held < MAX_HELD) {
        count.spent++;
        count.held++;
        this.#tell(request, this.#perMinute - count.spent, this.#addresses.secondsLeft(count));
        return { settle: (isKnown) => this.#settle(count, isKnown) };
      }
      const leftMs = deadlineMs - performance.now();
      if (count.held === 0) throw this.#refusal(request, this.#addresses.secondsLeft(count));
      if (leftMs <= 0 || (count.waiting?.size ?? 0) >= MAX_WAITERS) throw this.#refusal(request, 1);
      await settledOrLate(count, leftMs);
    }
  }

  note(caller: string, { client }: FastifyRequest): number {
    const count = this.#callers.of(caller, () => widerNetworkOf(client.network));
    count.spent++;
    return count.spent < this.#perMinute ? 0 : this.#callers.secondsLeft(count);
  }

  #settle(count: MinuteCount, isKnown: boolean): void {
    count.held--;
    if (isKnown) count.spent--;
    const isFree = count.spent < this.#perMinute;
    // what was held is free for one of them, or nothing will be free for any
    for (const wake of count.waiting ?? []) {
      if (count.held > 0 && !isFree) break;
      wake();
      if (count.held > 0) break;
    }
  }

  #refusal(request: FastifyRequest, secondsLeft: number): ProblemError {
    this.#tell(request, 0, secondsLeft);
    return this.#problem(secondsLeft);
  }

  #problem(secondsLeft: number): ProblemError {
    return new ProblemError(
      "rate_limited",
      `At most ${this.#perMinute} requests a minute are taken of one client here.`,
      { headers: { "retry-after": String(secondsLeft) } },
    );
  }

  /** https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers, in its three-field form */
  #tell(request: FastifyRequest, remaining: number, secondsLeft: number): void {
    setAnswerHeader(request, "ratelimit-limit", String(this.#perMinute));
    setAnswerHeader(request, "ratelimit-remaining", String(remaining));
    setAnswerHeader(request, "ratelimit-reset", String(secondsLeft));
  }
}

function settledOrLate(count: MinuteCount, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      count.waiting?.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, limitMs);
    count.waiting ??= new Set();
    count.waiting.add(wake);
  });
}
