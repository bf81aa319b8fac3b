/** What was read from AWS, kept in memory: served while fresh, and longer when AWS cannot answer. */
import { isDeepStrictEqual } from "node:util";
import { type ProblemCode, ProblemError } from "@airlock/contract";
import { LRUCache } from "lru-cache";
import { DeadlineExceededError } from "./deadline.ts";
import { isOutage, translateAwsError } from "./errors.ts";
import { Flights, waitFor } from "./read-cache/flights.ts";
import { type Aged, Freshness, type FreshnessOptions } from "./read-cache/freshness.ts";
import { Refusals } from "./read-cache/refusals.ts";
import type { Read } from "./reads.ts";

/** After a failure of AWS's nobody waits for it, for so long, who has something to show. */
const TROUBLE_MS = 2000;
/** Who has something to show waits no longer than this for something newer. */
const PATIENCE_MS = 1500;
/** How many of the latest reads are looked at for what is worth refreshing. */
const MAX_LOOKED_AT = 256;

export interface ReadCacheOptions<T> extends FreshnessOptions<T> {
  readonly maxEntries: number;
  /** With `sizeOf`, how many bytes all values may have together. */
  readonly maxBytes?: number | undefined;
  readonly sizeOf?: ((value: T) => number) | undefined;
}

interface Entry<T> extends Aged<T> {
  isOutdated: boolean;
  /** Whether it was asked for since it was fetched. */
  isRead: boolean;
}

/** A reader: whether only what AWS has now will do, and when he has gone. */
export interface Reader {
  readonly revalidate?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for a value that was never fetched. */
  readonly limitMs: number;
}

export class ReadCache<T extends object> {
  readonly #freshness: Freshness<T>;
  readonly #entries: LRUCache<string, Entry<T>>;
  readonly #refusals: Refusals;
  readonly #flights = new Flights<T>();
  readonly #now: () => number;
  #troubleUntil = Number.NEGATIVE_INFINITY;

  constructor(options: ReadCacheOptions<T>) {
    const { maxEntries, maxBytes, sizeOf, now } = options;
    this.#now = now;
    this.#freshness = new Freshness(options);
    this.#refusals = new Refusals(now);
    this.#entries = new LRUCache({
      max: maxEntries,
      ...(maxBytes &&
        sizeOf && { maxSize: maxBytes, sizeCalculation: ({ value }) => sizeOf(value) }),
    });
  }

  /**
   * Reads through the cache. All who miss the same key share one fetch, which goes on when a reader
   * leaves. The value of an entry stays the same object for as long as AWS gives the same.
   *
   * @param key stands for one kind of value only, the one that `fetch` gives.
   * @param fetch throws ProblemError only.
   * @throws ProblemError of the fetch, unless an older value can be served in its place.
   */
  async read<U extends T>(key: string, fetch: () => Promise<U>, reader: Reader): Promise<Read<U>> {
    const { revalidate = false, signal, limitMs } = reader;
    this.#refusals.throwIfYounger(key, this.#freshness.refusedMs(revalidate));
    const known = this.#known<U>(key);
    if (known) {
      known.isRead = true;
      if (this.#freshness.isFresh(known, revalidate)) return this.#serve(known, "hit");
      if (!revalidate && this.#freshness.isInGrace(known)) {
        this.refresh(key, fetch);
        return this.#serve(known, "hit");
      }
      if (this.#now() < this.#troubleUntil && this.isUsable(key)) {
        this.refresh(key, fetch);
        return this.#serve(known, "stale");
      }
    }
    const patienceMs = this.isUsable(key) ? Math.min(PATIENCE_MS, limitMs) : limitMs;
    try {
      const value = await waitFor(this.#fetch(key, fetch), patienceMs, signal);
      return { value, cache: revalidate ? "bypass" : "miss", ageSeconds: 0 };
    } catch (error) {
      const problem = error instanceof DeadlineExceededError ? tooLong() : translateAwsError(error);
      const old = isOutage(problem) && this.isUsable(key) ? this.#known<U>(key) : undefined;
      if (!old) throw problem;
      return this.#serve(old, "stale");
    }
  }

  /** Whether there is a value to show when AWS cannot answer. */
  isUsable(key: string): boolean {
    const entry = this.#entries.peek(key);
    return entry !== undefined && this.#freshness.isUsable(entry);
  }

  /** Whether a reader is served from memory, and AWS is not asked. */
  isFresh(key: string, revalidate = false): boolean {
    const entry = this.#entries.peek(key);
    return entry !== undefined && this.#freshness.isFresh(entry, revalidate);
  }

  /** Fetches in the background, unless that is under way; a failure leaves what is there. */
  refresh<U extends T>(key: string, fetch: () => Promise<U>): void {
    this.#fetch(key, fetch).catch(() => {}); // told to whoever counts the calls
  }

  /** AWS has another value than this: the next reader fetches it. */
  outdate(key: string): void {
    const entry = this.#entries.peek(key);
    if (entry) entry.isOutdated = true;
    this.#flights.outdate(key);
  }

  /**
   * Keys that were read since they were fetched and are past half of their fresh time, oldest first:
   * what will be fetched soon anyway.
   */
  ripe(prefix: string, count: number): string[] {
    const found: { key: string; fetchedAt: number }[] = [];
    let looks = 0;
    for (const [key, entry] of this.#entries.entries()) {
      if (++looks > MAX_LOOKED_AT) break;
      if (!entry.isRead || !key.startsWith(prefix) || this.#flights.has(key)) continue;
      if (this.#freshness.isRipe(entry)) found.push({ key, fetchedAt: entry.fetchedAt });
    }
    found.sort((a, b) => a.fetchedAt - b.fetchedAt);
    return found.slice(0, count).map(({ key }) => key);
  }

  #known<U extends T>(key: string): Entry<U> | undefined {
    return this.#entries.get(key) as Entry<U> | undefined;
  }

  #serve<U extends T>(entry: Entry<U>, cache: "hit" | "stale"): Read<U> {
    const ageSeconds = Math.floor(this.#freshness.ageMs(entry) / 1000);
    return { value: entry.value, cache, ageSeconds };
  }

  #fetch<U extends T>(key: string, fetch: () => Promise<U>): Promise<U> {
    return this.#flights.join(key, (isOutdated) =>
      this.#confirmed(key, fetch).then(
        (value) => this.#keep(key, value, isOutdated()),
        (error) => this.#fail(key, error),
      ),
    );
  }

  /** A refusal that would drop a good value is asked for once more: it may have been a slip of AWS's. */
  async #confirmed<U extends T>(key: string, fetch: () => Promise<U>): Promise<U> {
    try {
      return await fetch();
    } catch (error) {
      if (isOutage(translateAwsError(error)) || !this.isUsable(key)) throw error;
      return fetch();
    }
  }

  #keep<U extends T>(key: string, fetched: U, isOutdated: boolean): U {
    this.#troubleUntil = Number.NEGATIVE_INFINITY;
    this.#refusals.forget(key);
    const known = this.#entries.peek(key) as Entry<U> | undefined;
    const value = known && isDeepStrictEqual(known.value, fetched) ? known.value : fetched;
    this.#entries.set(key, { value, fetchedAt: this.#now(), isOutdated, isRead: false });
    return value;
  }

  #fail(key: string, error: unknown): never {
    const problem = translateAwsError(error);
    if (!isOutage(problem)) {
      this.#entries.delete(key);
      this.#refusals.note(key, problem);
    } else if (!OURS.has(problem.code)) {
      this.#troubleUntil = this.#now() + TROUBLE_MS;
    }
    throw problem;
  }
}

/** What says nothing of AWS: there were too few calls for it, or too little room. */
const OURS: ReadonlySet<ProblemCode> = new Set(["aws_budget_exhausted", "list_unfinished"]);

/** What takes many calls goes on when nobody waits any longer, and is there for the next reader. */
const tooLong = () =>
  new ProblemError(
    "list_unfinished",
    "Fetching this takes longer than one request may; it goes on, try again shortly.",
    { headers: { "retry-after": "5" } },
  );
