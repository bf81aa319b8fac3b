/** Keeps an issuer's keys: read in the background, served on while the issuer is away. */
import { createLogPace } from "@airlock/config";
import type { JWK } from "jose";
import { KeysUnreadable } from "./key-failures.ts";
import type { KeySet, KeySetWithKeys } from "./key-set.ts";
import { readKeySet } from "./key-set.ts";
import type { KeySource } from "./key-source.ts";
import type { IdentityLog } from "./log.ts";
import type { Algorithm } from "./setting-fields.ts";

/** One reading, discovery included. */
const READ_LIMIT_MS = 2000;
/** Keys are trusted this long after they were last read. */
const MAX_STALE_MS = 3_600_000;
/** Without keys nothing works: 250 ms, doubling to 1 s, from the start of the failed reading. */
const COLD_RETRY_MS = 250;
const MAX_COLD_RETRY_MS = 1000;
/** With keys there is time. */
const WARM_RETRY_MS = 30_000;
/** A request waits this long for a reading under way; less than aux's own deadline. */
const WAIT_MS = 1000;

export interface KeyKeeperOptions {
  readonly source: KeySource;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  readonly log: IdentityLog;
  /** Called with the new set whenever keys came or went. */
  readonly onChange: (keys: KeySet) => void;
}

export class KeyKeeper {
  readonly #options: KeyKeeperOptions;
  #keys: KeySetWithKeys | undefined;
  #goodAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #unknownKeyAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  readonly #isLogged = createLogPace();
  #reading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #stopped = new AbortController();

  constructor(options: KeyKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#read();
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  /** Milliseconds since the keys were last read; Infinity when they never were. */
  ageMs(): number {
    return Math.max(0, this.#options.nowMs() - this.#goodAtMs);
  }

  /** The keys to verify with, while they may be trusted. */
  usable(): KeySet | undefined {
    return this.ageMs() <= MAX_STALE_MS ? this.#keys : undefined;
  }

  /**
   * Begins to read when it is time to by the wall clock: timers stand still while a machine sleeps.
   * Cheap enough for every request; never waits.
   */
  poke(): void {
    if (this.#stopped.signal.aborted || this.#reading) return;
    if (this.#since(this.#triedAtMs) >= this.#delayMs()) void this.#read();
  }

  /**
   * The keys that a token may be signed with; undefined when there are none to trust at all. Only a
   * key nobody knows and a first reading under way make the caller wait, for a second at most.
   */
  async find(kid: string | undefined, algorithm: Algorithm): Promise<readonly JWK[] | undefined> {
    if (!this.usable()) {
      this.poke();
      if (this.#failures === 0) await this.#wait();
    }
    const found = this.usable()?.find(kid, algorithm);
    if (found === undefined || found.length > 0) return found;
    // a pace of its own: the reading at start must not put off the first rotation
    if (this.#since(this.#unknownKeyAtMs) >= this.#options.source.unknownKeyPaceMs) {
      this.#unknownKeyAtMs = this.#options.nowMs();
      void this.#read();
    }
    await this.#wait();
    return this.usable()?.find(kid, algorithm);
  }

  async #wait(): Promise<void> {
    if (!this.#reading) return;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS);
    });
    await Promise.race([this.#reading, limit]);
    clearTimeout(timer);
  }

  /** One reading at a time; never rejects. */
  #read(): Promise<void> {
    this.#reading ??= this.#attempt().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #attempt(): Promise<void> {
    const { source, nowMs } = this.#options;
    clearTimeout(this.#timer);
    const startedAt = performance.now();
    this.#triedAtMs = nowMs();
    try {
      const limit = AbortSignal.timeout(READ_LIMIT_MS);
      const document = await source.read(AbortSignal.any([this.#stopped.signal, limit]));
      this.#accept(readKeySet(document, this.#keys?.keys));
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#failures++;
      this.#report(error);
    }
    if (this.#stopped.signal.aborted) return;
    const delayMs = Math.max(0, this.#delayMs() - (performance.now() - startedAt));
    this.#timer = setTimeout(() => void this.#read(), delayMs).unref();
  }

  #accept(keys: KeySetWithKeys): void {
    const { source, log, nowMs, onChange } = this.#options;
    const old = this.#keys;
    this.#keys = keys;
    this.#goodAtMs = nowMs();
    if (this.#failures > 0) {
      log.info(
        { keys_from: source.name, failures: this.#failures },
        "issuer's keys can be read again",
      );
    }
    this.#failures = 0;
    const isSame = old?.size === keys.size && [...old.keys.values()].every((key) => keys.has(key));
    if (isSame) return;
    log.info({ keys_from: source.name, keys: keys.size }, "issuer's keys read");
    onChange(keys);
  }

  /** From the start of one reading to the next. */
  #delayMs(): number {
    if (this.#failures === 0) return this.#keys ? this.#options.source.refreshMs : 0;
    if (this.usable()) return Math.min(WARM_RETRY_MS, this.#options.source.refreshMs * 10);
    return Math.min(COLD_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10), MAX_COLD_RETRY_MS);
  }

  /** A clock that was set back must not put anything off. */
  #since(atMs: number): number {
    const passedMs = this.#options.nowMs() - atMs;
    return passedMs < 0 ? Number.POSITIVE_INFINITY : passedMs;
  }

  #report(error: unknown): void {
    if (!this.#isLogged(this.#failures === 1)) return;
    const { source, log } = this.#options;
    const fields = { ...describe(error), keys_from: source.name, failures: this.#failures };
    const state = this.usable() ? "the last good ones are in use" : "nothing can be verified";
    log.error(fields, `issuer's keys cannot be read; ${state}`);
  }
}

/** What is wrong outside is one sentence; a fault of ours keeps its stack. */
function describe(error: unknown): { reason: string } | { error: unknown } {
  return error instanceof KeysUnreadable ? { reason: error.message } : { error };
}
