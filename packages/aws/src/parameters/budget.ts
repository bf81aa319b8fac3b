/** How many calls a second SSM gets from this process: a token bucket that gives way to throttling. */
import { ProblemError } from "@airlock/contract";
import { FairQueue } from "./fair-queue.ts";

/** Reads that somebody waits for go before what keeps things fresh, but for every tenth call. */
export type Priority = "read" | "background";

/** Calls that may follow each other at once, as seconds of the rate: three of ten a second. */
const BURST_SECONDS = 0.3;
const MIN_PER_SECOND = 1;
/** After so many reads in a row it is the background's turn. */
const READS_IN_A_ROW = 9;
/** A throttled service answers several calls so; they are one reason to go slower. */
const HALVING_MS = 1000;
/** From nothing to the full rate, in seconds. */
const RECOVERY_SECONDS = 10;

interface Waiting {
  grant(): void;
}

/**
 * The account's limit is shared with everybody else in it, so a throttled call says that all of them
 * together were too fast: the rate is halved, and grows back by a tenth of the full one a second.
 */
export class Budget {
  readonly #fullRate: number;
  readonly #now: () => number;
  readonly #queues = { read: new FairQueue<Waiting>(), background: new FairQueue<Waiting>() };
  #rate: number;
  #tokens: number;
  #filledAt: number;
  #readsInARow = 0;
  #halvedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param perSecond the full rate. @param now milliseconds of a clock that never goes back. */
  constructor(perSecond: number, now: () => number) {
    this.#fullRate = perSecond;
    this.#rate = perSecond;
    this.#tokens = burstOf(perSecond);
    this.#now = now;
    this.#filledAt = now();
  }

  /** Calls a second that are allowed now. */
  get perSecond(): number {
    this.#fill();
    return this.#rate;
  }

  /** Calls that wait for their turn. */
  get waiting(): number {
    return this.#queues.read.size + this.#queues.background.size;
  }

  /**
   * Waits until one call may be made. Owners of equal priority take turns.
   *
   * @throws ProblemError aws_budget_exhausted: at once when the calls ahead cannot be made within
   * `limitMs`, or when they were not.
   */
  async acquire(
    priority: Priority,
    owner: string,
    limitMs = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const estimateMs = this.#estimateMs(priority, owner, 1);
    if (estimateMs > limitMs) throw budgetExhausted(estimateMs);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const queue = this.#queues[priority];
    const waiting: Waiting = {
      grant() {
        clearTimeout(timer);
        resolve();
      },
    };
    queue.push(owner, waiting);
    const giveUp = () => {
      queue.remove(owner, waiting);
      reject(budgetExhausted(this.#estimateMs(priority, owner, 1)));
    };
    const timer = Number.isFinite(limitMs) ? setTimeout(giveUp, limitMs) : undefined;
    this.#grant();
    return promise;
  }

  /** Milliseconds until this owner would have made so many reading calls more. */
  estimateMs(owner: string, calls: number): number {
    return this.#estimateMs("read", owner, calls);
  }

  /** Counts a call that was made without asking: it is missing later. */
  spend(): void {
    this.#fill();
    this.#tokens = Math.max(this.#tokens - 1, -this.#rate);
  }

  /** Takes note that SSM has refused a call for the rate of calls. */
  throttled(): void {
    this.#fill();
    this.#tokens = Math.min(this.#tokens, 0);
    const now = this.#now();
    if (now - this.#halvedAt < HALVING_MS) return;
    this.#halvedAt = now;
    this.#rate = Math.max(Math.min(MIN_PER_SECOND, this.#fullRate), this.#rate / 2);
  }

  /** Grants no more; who waits is refused when its time is up. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #estimateMs(priority: Priority, owner: string, calls: number): number {
    this.#fill();
    const { read, background } = this.#queues;
    const ahead =
      priority === "read" ? read.ahead(owner, calls) : read.size + background.ahead(owner, calls);
    return (Math.max(0, ahead + 1 - this.#tokens) / this.#rate) * 1000;
  }

  #fill(): void {
    const now = this.#now();
    const seconds = (now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#tokens = Math.min(burstOf(this.#rate), this.#tokens + seconds * this.#rate);
    const grown = this.#rate + (seconds * this.#fullRate) / RECOVERY_SECONDS;
    this.#rate = Math.min(this.#fullRate, grown);
  }

  #grant(): void {
    clearTimeout(this.#timer);
    this.#fill();
    while (this.#tokens >= 1) {
      const next = this.#next();
      if (!next) return;
      this.#tokens--;
      next.grant();
    }
    if (this.waiting === 0) return;
    const untilNextMs = ((1 - this.#tokens) / this.#rate) * 1000;
    this.#timer = setTimeout(() => this.#grant(), Math.ceil(untilNextMs));
  }

  #next(): Waiting | undefined {
    const { read, background } = this.#queues;
    const isReadsTurn =
      background.size === 0 || (read.size > 0 && this.#readsInARow < READS_IN_A_ROW);
    const next = (isReadsTurn ? read : background).take();
    if (next) this.#readsInARow = isReadsTurn ? this.#readsInARow + 1 : 0;
    return next;
  }
}

const burstOf = (rate: number): number => Math.max(1, rate * BURST_SECONDS);

/** @param waitMs how long the queue is now. */
export function budgetExhausted(waitMs: number): ProblemError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new ProblemError(
    "aws_budget_exhausted",
    "This service may not ask AWS more often at the moment; try again shortly.",
    { headers: { "retry-after": String(seconds) } },
  );
}
