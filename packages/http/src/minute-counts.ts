/** How many requests each client has sent in a minute: very many clients exactly, and none forgotten. */

/** What a client has spent, or all who share the count, in the minute that its first request began. */
export interface MinuteCount {
  readonly name: string;
  readonly endsAtMs: number;
  /** Requests that were let in, those that are held among them. */
  spent: number;
  /** Requests of which it is not known yet whether they will count here. */
  held: number;
  /** What waits until one of the held is settled; made when something does, for there are many counts. */
  waiting: Set<() => void> | undefined;
}

export interface MinuteCountsOptions {
  /** Clients with a count of their own. */
  readonly maxClients?: number;
  /** Told of each request that is counted with those of other clients. */
  readonly onShared?: (() => void) | undefined;
  /** Milliseconds that never go backwards. */
  readonly now?: () => number;
}

const MINUTE_MS = 60_000;
const MAX_CLIENTS = 100_000;
/** Counts that are dropped at once when their minute is over: the rest has time. */
const DROPPED_AT_ONCE = 32;

/**
 * No count makes room for another before its minute is over, or somebody with many addresses could have
 * everybody's forgotten. Clients for whom there is no room share a count with their neighbours, and
 * in the end with all others.
 */
export class MinuteCounts {
  readonly #own: BoundedCounts;
  readonly #shared: BoundedCounts;
  readonly #onShared: (() => void) | undefined;
  readonly #now: () => number;
  #rest = newCount("", Number.NEGATIVE_INFINITY);

  constructor(options: MinuteCountsOptions = {}) {
    const { maxClients = MAX_CLIENTS } = options;
    this.#own = new BoundedCounts(maxClients);
    this.#shared = new BoundedCounts(maxClients);
    this.#onShared = options.onShared;
    this.#now = options.now ?? (() => performance.now());
  }

  /** @param neighbours names those with whom the client is counted when there is no room for more. */
  of(client: string, neighbours: () => string): MinuteCount {
    const nowMs = this.#now();
    const own = this.#own.find(client, nowMs);
    if (own) return own;
    this.#onShared?.();
    const shared = this.#shared.find(neighbours(), nowMs);
    if (shared) return shared;
    if (this.#rest.endsAtMs <= nowMs) this.#rest = newCount("", nowMs);
    return this.#rest;
  }

  /** Until the count's minute is over; whole seconds, never 0. */
  secondsLeft({ endsAtMs }: MinuteCount): number {
    return Math.max(1, Math.ceil((endsAtMs - this.#now()) / 1000));
  }
}

class BoundedCounts {
  readonly #max: number;
  readonly #counts = new Map<string, MinuteCount>();
  /** In the order in which their minutes end; those before `#next` have been dropped. */
  #ending: MinuteCount[] = [];
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The client's count, or a new one; undefined when there is no room for that. */
  find(name: string, nowMs: number): MinuteCount | undefined {
    this.#dropEnded(nowMs);
    const known = this.#counts.get(name);
    if (known && known.endsAtMs > nowMs) return known;
    if (!known && this.#counts.size >= this.#max) return undefined;
    const count = newCount(name, nowMs);
    this.#counts.set(name, count);
    this.#ending.push(count);
    return count;
  }

  #dropEnded(nowMs: number): void {
    for (let n = 0; n < DROPPED_AT_ONCE; n++) {
      const count = this.#ending[this.#next];
      if (count === undefined || count.endsAtMs > nowMs) break;
      this.#next++;
      if (this.#counts.get(count.name) === count) this.#counts.delete(count.name);
    }
    if (this.#next * 2 > this.#ending.length) {
      this.#ending = this.#ending.slice(this.#next);
      this.#next = 0;
    }
  }
}

const newCount = (name: string, nowMs: number): MinuteCount => ({
  name,
  endsAtMs: nowMs + MINUTE_MS,
  spent: 0,
  held: 0,
  waiting: undefined,
});
