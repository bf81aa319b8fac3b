/** Bounded queues in front of one AWS service, so that nothing slow takes more than its own places. */
import { ProblemError } from "@airlock/contract";
import { CALLER_SHARE, LANES, type LaneName } from "./classes.ts";
import { FairQueue } from "./fair-queue.ts";

interface Places {
  readonly running: number;
  readonly waiting: number;
}

interface Waiter {
  readonly caller: string | undefined;
  admit(): void;
}

/** The lanes of one service. */
export class Bulkhead {
  readonly #lanes: Record<LaneName, Lane>;

  constructor() {
    const lanes = Object.entries(LANES).map(([name, places]) => [name, new Lane(places)]);
    this.#lanes = Object.fromEntries(lanes) as Record<LaneName, Lane>;
  }

  lane(name: LaneName): Lane {
    return this.#lanes[name];
  }

  get lanes(): readonly (readonly [string, Lane])[] {
    return Object.entries(this.#lanes);
  }

  get running(): number {
    return this.lanes.reduce((sum, [, { running }]) => sum + running, 0);
  }

  get waiting(): number {
    return this.lanes.reduce((sum, [, { waiting }]) => sum + waiting, 0);
  }
}

/** Calls of one class: so many run, so many wait, and callers who wait take turns. */
export class Lane {
  readonly #places: Places;
  readonly #runningOf = new Map<string, number>();
  readonly #waiting = new FairQueue<Waiter>();
  #running = 0;

  constructor(places: Places) {
    this.#places = places;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for one of the places.
   *
   * @param limitMs longest wait; a place that comes later is of no use to the client any more.
   * @param caller who asks, for his share; undefined for what is done for everybody.
   * @returns the function that gives the place back.
   * @throws ProblemError overloaded, at once when the queue, or the caller's part of it, is full, else
   * when the limit has passed; what `signal` was aborted with when the client has gone.
   */
  async enter(
    limitMs: number,
    signal: AbortSignal | undefined,
    caller?: string,
  ): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#running < this.#places.running && this.#mayRun(caller)) this.#begin(caller);
    else if (this.#isFull(caller)) throw overloaded();
    else await this.#wait(limitMs, signal, caller);
    return () => this.#leave(caller);
  }

  #mayRun(caller: string | undefined): boolean {
    if (caller === undefined) return true;
    return (this.#runningOf.get(caller) ?? 0) < this.#places.running * CALLER_SHARE;
  }

  #isFull(caller: string | undefined): boolean {
    const { waiting } = this.#places;
    if (this.#waiting.size >= waiting) return true;
    return caller !== undefined && this.#waiting.sizeOf(caller) >= waiting * CALLER_SHARE;
  }

  #begin(caller: string | undefined): void {
    this.#running++;
    if (caller === undefined) return;
    this.#runningOf.set(caller, (this.#runningOf.get(caller) ?? 0) + 1);
  }

  #wait(
    limitMs: number,
    signal: AbortSignal | undefined,
    caller: string | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const owner = caller ?? "";
      const stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#waiting.remove(owner, waiter);
      };
      const onAbort = () => {
        stop();
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        caller,
        admit() {
          stop();
          resolve();
        },
      };
      const timer = setTimeout(() => {
        stop();
        reject(overloaded());
      }, limitMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(owner, waiter);
    });
  }

  /** A place that is given back goes to whoever's turn it is, of those who may have one more. */
  #leave(caller: string | undefined): void {
    this.#running--;
    if (caller !== undefined) {
      const left = (this.#runningOf.get(caller) ?? 1) - 1;
      if (left > 0) this.#runningOf.set(caller, left);
      else this.#runningOf.delete(caller);
    }
    const next = this.#waiting.take((one) => this.#mayRun(one.caller));
    if (!next) return;
    this.#begin(next.caller);
    next.admit();
  }
}

function overloaded(): ProblemError {
  return new ProblemError("overloaded", "Too many calls to AWS are under way; try again shortly.", {
    headers: { "retry-after": "1" },
  });
}
