/** Whether a presented key opens the door: form first, then a short cache, then one look-up. */
import { LRUCache } from "lru-cache";
import { presentedToken } from "../headers.ts";
import { hashApiKey, isApiKey } from "./key-format.ts";
import { KEY_REFUSALS, type KeyRefusal, type RefusedKeyState } from "./key-refusals.ts";
import type { KeyLookup } from "./key-state.ts";

export interface GoodKey {
  readonly ok: true;
  readonly key: Extract<KeyLookup, { state: "valid" }>;
  /** SHA-256 of the key in hex. */
  readonly hash: string;
}

export type KeyVerdict =
  | GoodKey
  | ({ readonly ok: false; readonly state: RefusedKeyState } & KeyRefusal);

export interface KeyChecker {
  /** The same of a key that was found good a moment ago, without asking; undefined of any other. */
  known(rawHeaders: readonly string[]): GoodKey | undefined;
  /**
   * @param rawHeaders of Node's request: only they show an Authorization that came twice.
   * @throws what the look-up rejects with; it is not remembered.
   */
  check(rawHeaders: readonly string[]): Promise<KeyVerdict>;
  /** Forgets what is known of a key that this process has just changed. */
  forget(hash: string): void;
}

export interface KeyCheckerOptions {
  /** Asks the database, or the service that has one. Must not answer from a cache of its own. */
  readonly lookup: (hash: string) => Promise<KeyLookup>;
  /** How long an answer may be used, in milliseconds: 900, and 1000 at most. */
  readonly ttlMs?: number;
  /** Good keys remembered, and as many bad ones. */
  readonly maxEntries?: number;
  /** Milliseconds that never go backwards. */
  readonly now?: () => number;
}

/** A key that was revoked elsewhere must be refused here within a second. */
const MAX_TTL_MS = 1000;
/** Leaves time for the request itself. */
const TTL_MS = 900;

interface Entry {
  readonly found: KeyLookup;
  readonly untilMs: number;
}

interface Flight {
  readonly startedMs: number;
  readonly found: Promise<KeyLookup>;
}

export function createKeyChecker(options: KeyCheckerOptions): KeyChecker {
  const { lookup, maxEntries = 50_000, now = () => performance.now() } = options;
  const ttlMs = Math.min(options.ttlMs ?? TTL_MS, MAX_TTL_MS);
  // apart, so that a flood of invented keys does not push the real ones out
  const good = new LRUCache<string, Entry>({ max: maxEntries });
  const bad = new LRUCache<string, Entry>({ max: maxEntries });
  const flights = new Map<string, Flight>();

  const remember = (hash: string, found: KeyLookup, startedMs: number) => {
    // counted from the question: the answer may have been true only then
    const isValid = found.state === "valid";
    const lifeMs = isValid ? Math.min(ttlMs, found.remaining_ms) : ttlMs;
    (isValid ? good : bad).set(hash, { found, untilMs: startedMs + lifeMs });
    (isValid ? bad : good).delete(hash);
  };

  const ask = (hash: string): Promise<KeyLookup> => {
    const startedMs = now();
    const land = () => flights.get(hash) === flight && flights.delete(hash);
    const found = lookup(hash).then(
      (answer) => {
        // superseded or forgotten meanwhile: true for those who wait, not to be remembered
        if (land()) remember(hash, answer, startedMs);
        return answer;
      },
      (error: unknown) => {
        land();
        throw error;
      },
    );
    const flight: Flight = { startedMs, found };
    flights.set(hash, flight);
    return found;
  };

  const find = (hash: string): KeyLookup | Promise<KeyLookup> => {
    const known = good.get(hash) ?? bad.get(hash);
    if (known !== undefined && known.untilMs > now()) return known.found;
    const flight = flights.get(hash);
    // a question older than an answer may be is asked anew
    const isFresh = flight !== undefined && now() - flight.startedMs < ttlMs;
    return isFresh ? flight.found : ask(hash);
  };

  return {
    known(rawHeaders) {
      const hash = presentedKeyHash(rawHeaders);
      const entry = hash === undefined ? undefined : good.get(hash);
      if (hash === undefined || entry?.found.state !== "valid" || entry.untilMs <= now())
        return undefined;
      return { ok: true, key: entry.found, hash };
    },
    async check(rawHeaders) {
      const key = presentedKey(rawHeaders);
      if (key === undefined) return refuse("missing");
      if (!isApiKey(key)) return refuse("malformed");
      const hash = hashApiKey(key);
      const found = await find(hash);
      return found.state === "valid" ? { ok: true, key: found, hash } : refuse(found.state);
    },
    forget(hash) {
      good.delete(hash);
      bad.delete(hash);
      flights.delete(hash);
    },
  };
}

/** SHA-256 in hex of the key that a request presents; undefined where nothing has a key's form. */
export function presentedKeyHash(rawHeaders: readonly string[]): string | undefined {
  const key = presentedKey(rawHeaders);
  return key && isApiKey(key) ? hashApiKey(key) : undefined;
}

/** Undefined without credentials; what is no bearer token is "", which is no key either. */
function presentedKey(rawHeaders: readonly string[]): string | undefined {
  const presented = presentedToken(rawHeaders);
  if (presented.token !== undefined) return presented.token;
  return presented.reason === "missing" ? undefined : "";
}

const refuse = (state: RefusedKeyState): KeyVerdict => ({
  ok: false,
  state,
  ...KEY_REFUSALS[state],
});
