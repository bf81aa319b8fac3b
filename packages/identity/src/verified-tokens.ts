/** Tokens that were verified before: a hash and a look-up instead of a signature. */
import { hash } from "node:crypto";
import type { JWK } from "jose";
import { LRUCache } from "lru-cache";
import type { KeySet } from "./key-set.ts";
import type { Principal } from "./verify-result.ts";

/** Tokens in use right now, compared as they are: one or two for each pod of the calling service. */
const RECENT = 8;

interface Verified {
  readonly principal: Principal;
  readonly key: JWK;
  /** Milliseconds since the epoch, leeway included. */
  readonly untilMs: number;
}

/**
 * A bounded cache by SHA-256, least recently used out first, with the few latest tokens before it.
 *
 * A header is a new string with every request, so a map keyed by the token itself would hash all of
 * it each time, which costs as much as SHA-256 (2 µs for 1.1 KB). Comparing it with a handful of
 * tokens costs a tenth. The comparison stops at the first difference, but goes by whole words of
 * 8 bytes or more: its timing helps only who guesses 48 bits of a signature at a time.
 */
export class VerifiedTokens {
  readonly #byHash: LRUCache<string, Verified>;
  readonly #recentTokens: string[] = [];
  readonly #recent: Verified[] = [];
  #next = 0;

  /** @param max entries. */
  constructor(max: number) {
    this.#byHash = new LRUCache({ max });
  }

  /** Whom this token speaks of, unless it has expired since. */
  get(token: string, nowMs: number): Principal | undefined {
    const slot = this.#recentTokens.indexOf(token);
    const recent = slot < 0 ? undefined : this.#recent[slot];
    if (recent) return recent.untilMs > nowMs ? recent.principal : undefined;
    const verified = this.#byHash.get(digest(token));
    if (verified === undefined || verified.untilMs <= nowMs) return undefined;
    this.#remember(token, verified);
    return verified.principal;
  }

  set(token: string, verified: Verified): void {
    this.#byHash.set(digest(token), verified);
    this.#forgetRecent(); // may hold what this replaces
  }

  /** Drops what was verified with a key that is gone. */
  keepSignedBy(keys: KeySet): void {
    for (const [hashed, { key }] of this.#byHash.entries()) {
      if (!keys.has(key)) this.#byHash.delete(hashed);
    }
    this.#forgetRecent();
  }

  #remember(token: string, verified: Verified): void {
    this.#recentTokens[this.#next] = token;
    this.#recent[this.#next] = verified;
    this.#next = (this.#next + 1) % RECENT;
  }

  #forgetRecent(): void {
    this.#recentTokens.length = 0;
    this.#recent.length = 0;
    this.#next = 0;
  }
}

const digest = (token: string): string => hash("sha256", token, "base64url");
