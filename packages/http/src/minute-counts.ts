/** How many requests each client has sent this minute: very many clients exactly, and none forgotten. */

/** What a client has spent, or all who share the count. */
export interface MinuteCount {
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

/**
 * A minute begins with the first request after the last one, for all clients at once, and ends with
 * everything that was counted in it: nothing has to be dropped one by one. No count makes room for
 * another while it lasts, or somebody with many addresses could have everybody's forgotten. Clients
 * for whom there is no room share a count with their neighbours, and in the end with all others.
 */
export class MinuteCounts {
  readonly #maxClients: number;
  readonly #onShared: (() => void) | undefined;
  readonly #now: () => number;
  #endsAtMs = Number.NEGATIVE_INFINITY;
  #own = new Map<string, MinuteCount>();
  #shared = new Map<string, MinuteCount>();

  constructor(options: MinuteCountsOptions = {}) {
    this.#maxClients = options.maxClients ?? MAX_CLIENTS;
    this.#onShared = options.onShared;
    this.#now = options.now ?? (() => performance.now());
  }

  /** @param neighbours names those with whom the client is counted when there is no room for more. */
  of(client: string, neighbours: () => string): MinuteCount {
    const nowMs = this.#now();
    if (nowMs >= this.#endsAtMs) {
      this.#endsAtMs = nowMs + MINUTE_MS;
      this.#own = new Map();
      this.#shared = new Map();
    }
    const own = this.#find(this.#own, client);
    if (own) return own;
    this.#onShared?.();
    return this.#find(this.#shared, neighbours()) ?? this.#add(this.#shared, "");
  }

  /** Until the minute is over; as whole seconds, never 0. */
  secondsLeft(): number {
    return Math.max(1, Math.ceil((this.#endsAtMs - this.#now()) / 1000));
  }

  #find(counts: Map<string, MinuteCount>, key: string): MinuteCount | undefined {
    return counts.get(key) ?? (counts.size < this.#maxClients ? this.#add(counts, key) : undefined);
  }

  #add(counts: Map<string, MinuteCount>, key: string): MinuteCount {
    const count = counts.get(key) ?? { spent: 0, held: 0, waiting: undefined };
    counts.set(key, count);
    return count;
  }
}
