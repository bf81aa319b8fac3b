/** What was read from AWS, kept in memory: served while fresh, and longer when AWS cannot answer. */
import { isDeepStrictEqual } from "node:util";
import { ProblemError } from "@airlock/contract";
import { LRUCache } from "lru-cache";
import { DeadlineExceededError, withDeadline } from "./deadline.ts";
import { isOutage, translateAwsError } from "./errors.ts";
import type { Read } from "./reads.ts";
import { Refusals } from "./refusals.ts";

/** Age up to which even those who ask for what AWS has now are served, unless the options say more. */
const REVALIDATE_MS = 1000;
/** After a failure of AWS's nobody waits for it, for so long, who has something to show. */
const TROUBLE_MS = 2000;
/** Who has something to show waits no longer than this for something newer. */
const PATIENCE_MS = 1500;
/** How many of the latest reads are looked at for what is worth refreshing. */
const MAX_LOOKED_AT = 256;

export interface ReadCacheOptions<T> {
  /** Age up to which a value is served as it is; 0 asks AWS every time. */
  readonly freshMs: number | ((value: T) => number);
  /** Age up to which it is served when AWS cannot answer; 0 never. */
  readonly staleMs: number;
  /** Age below which AWS is not asked again, even for those who want what it has now; default 1 s. */
  readonly revalidateMs?: ((value: T) => number) | undefined;
  /** How long it is remembered that something is not there or may not be had. */
  readonly refusedMs: number;
  /** Serves an old value, up to twice its fresh time, while it is refreshed in the background. */
  readonly whileRevalidating?: boolean | undefined;
  readonly maxEntries: number;
  /** With `sizeOf`, how many bytes all values may have together. */
  readonly maxBytes?: number | undefined;
  readonly sizeOf?: ((value: T) => number) | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

interface Entry<T> {
  readonly value: T;
  readonly fetchedAt: number;
  /** AWS is known to have another value by now. */
  isOutdated: boolean;
  /** Whether it was asked for since it was fetched. */
  isRead: boolean;
}

interface Flight<T> {
  readonly result: Promise<T>;
  isOutdated: boolean;
}

/** A reader: whether only what AWS has now will do, and when he has gone. */
export interface Reader {
  readonly revalidate?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for a value that was never fetched. */
  readonly limitMs: number;
}

export class ReadCache<T extends object> {
  readonly #options: ReadCacheOptions<T>;
  readonly #entries: LRUCache<string, Entry<T>>;
  readonly #refusals: Refusals;
  readonly #flights = new Map<string, Flight<T>>();
  #troubleUntil = Number.NEGATIVE_INFINITY;

  constructor(options: ReadCacheOptions<T>) {
    const { maxEntries, maxBytes, sizeOf } = options;
    this.#options = options;
    this.#refusals = new Refusals(options.now);
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
    const { refusedMs } = this.#options;
    this.#refusals.throwIfYounger(key, revalidate ? Math.min(REVALIDATE_MS, refusedMs) : refusedMs);
    const known = this.#known<U>(key);
    if (known) {
      known.isRead = true;
      if (this.#isFresh(known, revalidate)) return this.#serve(known, "hit");
      if (!revalidate && this.#isInGrace(known)) {
        this.refresh(key, fetch);
        return this.#serve(known, "hit");
      }
      if (this.#options.now() < this.#troubleUntil && this.isUsable(key)) {
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
    return entry !== undefined && this.#ageMs(entry) < this.#options.staleMs;
  }

  /** Whether a reader is served from memory, and AWS is not asked. */
  isFresh(key: string, revalidate = false): boolean {
    const entry = this.#entries.peek(key);
    return entry !== undefined && this.#isFresh(entry, revalidate);
  }

  /** Fetches in the background, unless that is under way; a failure leaves what is there. */
  refresh<U extends T>(key: string, fetch: () => Promise<U>): void {
    this.#fetch(key, fetch).catch(() => {}); // told to whoever counts the calls
  }

  /** AWS has another value than this: the next reader fetches it. */
  outdate(key: string): void {
    const entry = this.#entries.peek(key);
    if (entry) entry.isOutdated = true;
    const flight = this.#flights.get(key);
    if (!flight) return;
    flight.isOutdated = true;
    this.#flights.delete(key);
  }

  /**
   * Keys that were read since they were fetched and are past half of their fresh time, oldest first:
   * what will be fetched soon anyway.
   */
  ripe(prefix: string, count: number): string[] {
    const now = this.#options.now();
    const found: { key: string; fetchedAt: number }[] = [];
    let looks = 0;
    for (const [key, entry] of this.#entries.entries()) {
      if (++looks > MAX_LOOKED_AT) break;
      if (!entry.isRead || !key.startsWith(prefix) || this.#flights.has(key)) continue;
      if (now - entry.fetchedAt < this.#freshMs(entry) / 2) continue;
      found.push({ key, fetchedAt: entry.fetchedAt });
    }
    found.sort((a, b) => a.fetchedAt - b.fetchedAt);
    return found.slice(0, count).map(({ key }) => key);
  }

  #known<U extends T>(key: string): Entry<U> | undefined {
    return this.#entries.get(key) as Entry<U> | undefined;
  }

  #freshMs({ value }: Entry<T>): number {
    const { freshMs } = this.#options;
    return typeof freshMs === "number" ? freshMs : freshMs(value);
  }

  #ageMs({ fetchedAt }: Entry<T>): number {
    return this.#options.now() - fetchedAt;
  }

  #isFresh(entry: Entry<T>, revalidate: boolean): boolean {
    const freshMs = this.#freshMs(entry);
    const revalidateMs = this.#options.revalidateMs?.(entry.value) ?? REVALIDATE_MS;
    const limitMs = revalidate ? Math.min(revalidateMs, freshMs) : freshMs;
    return !entry.isOutdated && this.#ageMs(entry) < limitMs;
  }

  #isInGrace(entry: Entry<T>): boolean {
    if (!this.#options.whileRevalidating || entry.isOutdated) return false;
    return this.#ageMs(entry) < 2 * this.#freshMs(entry);
  }

  #serve<U extends T>(entry: Entry<U>, cache: "hit" | "stale"): Read<U> {
    return { value: entry.value, cache, ageSeconds: Math.floor(this.#ageMs(entry) / 1000) };
  }

  #fetch<U extends T>(key: string, fetch: () => Promise<U>): Promise<U> {
    const running = this.#flights.get(key);
    if (running) return running.result as Promise<U>;
    const result = this.#confirmed(key, fetch).then(
      (value) => this.#keep(key, flight, value),
      (error) => this.#fail(key, flight, error),
    );
    const flight: Flight<T> = { result, isOutdated: false };
    this.#flights.set(key, flight);
    return result;
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

  #keep<U extends T>(key: string, flight: Flight<T>, fetched: U): U {
    this.#land(key, flight);
    this.#troubleUntil = Number.NEGATIVE_INFINITY;
    this.#refusals.forget(key);
    const known = this.#entries.peek(key) as Entry<U> | undefined;
    const value = known && isDeepStrictEqual(known.value, fetched) ? known.value : fetched;
    const { isOutdated } = flight;
    const fetchedAt = this.#options.now();
    this.#entries.set(key, { value, fetchedAt, isOutdated, isRead: false });
    return value;
  }

  #fail(key: string, flight: Flight<T>, error: unknown): never {
    this.#land(key, flight);
    const problem = translateAwsError(error);
    if (!isOutage(problem)) {
      this.#entries.delete(key);
      this.#refusals.note(key, problem);
    } else if (problem.code !== "aws_budget_exhausted") {
      this.#troubleUntil = this.#options.now() + TROUBLE_MS;
    }
    throw problem;
  }

  #land(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/** What takes many calls goes on when nobody waits any longer, and is there for the next reader. */
const tooLong = () =>
  new ProblemError(
    "list_unfinished",
    "Fetching this takes longer than one request may; it goes on, try again shortly.",
    { headers: { "retry-after": "5" } },
  );

/** Waits for what others may wait for too. */
function waitFor<T>(
  result: Promise<T>,
  limitMs: number,
  reader: AbortSignal | undefined,
): Promise<T> {
  return withDeadline(limitMs, reader, (signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    result.then(resolve, reject);
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    return promise;
  });
}
