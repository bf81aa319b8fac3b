/** How many calls a second SSM gets from this process: a token bucket that gives way to throttling. */
import { ProblemError } from "@airlock/contract";
import { FairQueue } from "../fair-queue.ts";

/**
 * What of the budget each class has when all of them want more than there is: values half of it, whatever
 * the others want. What one does not use is there for the others.
 */
const SHARES = { value: 3, tree: 2, list: 2, wait: 1 } as const;

export type BudgetClass = keyof typeof SHARES;

/** Calls that may follow each other at once, as seconds of the rate: three of ten a second. */
const BURST_SECONDS = 0.3;
/** Throttling leaves so much: calls a second, and no more than this part of the full rate. */
const LEAST_PER_SECOND = 1;
const LEAST_SHARE = 0.25;
/** A throttled service answers several calls so; they are one reason to go slower. */
const HALVING_MS = 1000;
/** From nothing to the full rate, in seconds. */
const RECOVERY_SECONDS = 10;

interface Waiting {
  grant(): void;
}

/** Those of one class who wait. */
class Line {
  readonly share: number;
  readonly queue = new FairQueue<Waiting>();
  /** Calls so far as parts of the share; the least has the next turn. */
  used = 0;

  constructor(share: number) {
    this.share = share;
  }
}

/**
 * The account's limit is shared with everybody else in it, so a throttled call says that all of them
 * together were too fast: the rate is halved, and grows back by a tenth of the full one a second.
 */
export class Budget {
  readonly #fullRate: number;
  readonly #now: () => number;
  readonly #lines: Readonly<Record<BudgetClass, Line>> = {
    value: new Line(SHARES.value),
    tree: new Line(SHARES.tree),
    list: new Line(SHARES.list),
    wait: new Line(SHARES.wait),
  };
  #rate: number;
  #tokens: number;
  #filledAt: number;
  /** What the class that was served last has used: one that comes back has saved nothing up. */
  #used = 0;
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
    return this.#all.reduce((sum, { queue }) => sum + queue.size, 0);
  }

  /**
   * Waits until one call may be made. Owners of one class take turns.
   *
   * @throws ProblemError aws_budget_exhausted: at once when the calls ahead cannot be made within
   * `limitMs`, or when they were not.
   */
  async acquire(
    name: BudgetClass,
    owner: string,
    limitMs = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const estimateMs = this.estimateMs(name, owner, 1);
    if (estimateMs > limitMs) throw budgetExhausted(estimateMs);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const line = this.#lines[name];
    const { queue } = line;
    const waiting: Waiting = {
      grant() {
        clearTimeout(timer);
        resolve();
      },
    };
    if (queue.size === 0) line.used = Math.max(line.used, this.#used);
    queue.push(owner, waiting);
    const giveUp = () => {
      queue.remove(owner, waiting);
      reject(budgetExhausted(this.estimateMs(name, owner, 1)));
    };
    const timer = Number.isFinite(limitMs) ? setTimeout(giveUp, limitMs) : undefined;
    this.#grant();
    return promise;
  }

  /** Milliseconds until this owner would have made so many calls more. */
  estimateMs(name: BudgetClass, owner: string, calls: number): number {
    this.#fill();
    const line = this.#lines[name];
    let ahead = line.queue.ahead(owner, calls);
    const between = ahead / line.share;
    for (const other of this.#all) {
      if (other !== line) ahead += Math.min(other.queue.size, Math.floor(between * other.share));
    }
    return (Math.max(0, ahead + 1 - this.#tokens) / this.#rate) * 1000;
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
    const least = Math.min(LEAST_PER_SECOND, this.#fullRate * LEAST_SHARE);
    this.#rate = Math.max(least, this.#rate / 2);
  }

  /** Grants no more; who waits is refused when its time is up. */
  close(): void {
    clearTimeout(this.#timer);
  }

  get #all(): readonly Line[] {
    return Object.values(this.#lines);
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
    let next: Line | undefined;
    for (const line of this.#all) {
      if (line.queue.size > 0 && (!next || line.used < next.used)) next = line;
    }
    if (!next) return undefined;
    this.#used = next.used;
    next.used += 1 / next.share;
    return next.queue.take();
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
