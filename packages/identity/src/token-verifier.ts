/** Verifies tokens of one issuer for one audience: the same code for layers and for callers. */
import { checkToken, type TokenPolicy } from "./check-token.ts";
import type { Fetch } from "./key-fetch.ts";
import { KeyKeeper } from "./key-keeper.ts";
import { type KeyLocation, keySource } from "./key-source.ts";
import type { IdentityLog } from "./log.ts";
import type { Algorithm } from "./setting-fields.ts";
import { VerifiedTokens } from "./verified-tokens.ts";
import { MAX_TOKEN_LENGTH, type Principal, refusal, type VerifyResult } from "./verify-result.ts";

const MAX_LEEWAY_SECONDS = 30;

export interface TokenVerifierOptions {
  /** Compared with `iss` to the letter. */
  readonly issuer: string;
  /** What `aud` must hold. */
  readonly audience: string;
  /** Where the keys are; with neither url nor file, where the issuer's discovery document says. */
  readonly jwks?: KeyLocation;
  /** RS256 and ES256 unless said otherwise. */
  readonly algorithms?: readonly Algorithm[];
  /** Exact subjects let in; another one is 403. Unset lets in any. */
  readonly subjects?: readonly string[];
  /** Refuse a token that is for other audiences too. True unless said otherwise. */
  readonly exclusiveAudience?: boolean;
  /** Of `exp` and `nbf`, at most 30, which is also the default. */
  readonly leewaySeconds?: number;
  /** The claim that names the caller, `sub` by default. */
  readonly callerClaim?: string;
  /** The claims that list groups, each by its name or path, `groups` by default. */
  readonly groupsClaims?: readonly string[];
  /** The claim that must hold the audience, `aud` by default. */
  readonly audienceClaim?: "aud" | "client_id";
  /** What tokens are let in; unset asks nobody what a token is for. */
  readonly tokenKind?: "access" | "id";
  /** Verified tokens kept, 10,000 by default. */
  readonly cacheSize?: number;
  readonly log: IdentityLog;
  readonly now?: () => Date;
  readonly fetch?: Fetch;
}

export interface TokenVerifier {
  /** Whom a token speaks of that was verified before and still holds; undefined of any other. */
  known(token: string): Principal | undefined;
  /** Verifies one token. Never rejects; no result and no log line holds the token. */
  verify(token: string | undefined): Promise<VerifyResult>;
  /** Whether there are keys to verify with, for /readyz. */
  isReady(): boolean;
  /** Seconds since the keys were last read: 0 to 3600 while ready, Infinity before the first time. */
  keysAgeSeconds(): number;
  close(): void;
}

/**
 * Makes a verifier and begins to read the issuer's keys in the background.
 *
 * Keys are read again every 10 minutes (a file: every second), so a key that the issuer withdraws is
 * refused at most that much later, tokens verified before included. While the issuer is away they
 * serve for up to an hour after they were last read.
 *
 * @throws RangeError for a leeway above 30 seconds.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, jwks = {}, log, now = () => new Date() } = options;
  const policy = policyOf(options);
  const verified = new VerifiedTokens(options.cacheSize ?? 10_000);
  const underWay = new Map<string, Promise<VerifyResult>>();
  const keeper = new KeyKeeper({
    source: keySource(issuer, jwks, options.fetch ?? globalThis.fetch),
    nowMs: () => now().getTime(),
    log,
    onChange: (keys) => verified.keepSignedBy(keys),
  });
  keeper.start();

  const verifyNew = async (token: string): Promise<VerifyResult> => {
    const find = keeper.find.bind(keeper);
    const checked = await checkToken(token, policy, find, now());
    if (!checked.ok) return checked;
    const { key, principal } = checked;
    const untilMs = principal.expiresAt + policy.leewaySeconds * 1000;
    // the key may have been withdrawn meanwhile
    if (keeper.usable()?.has(key)) verified.set(token, { principal, key, untilMs });
    return { ok: true, principal };
  };

  const known = (token: string): Principal | undefined => {
    keeper.poke();
    if (token.length > MAX_TOKEN_LENGTH) return undefined; // none such was ever verified
    return keeper.usable() && verified.get(token, now().getTime());
  };

  return {
    known,
    async verify(token) {
      if (token === undefined || token === "") return refusal("missing");
      if (token.length > MAX_TOKEN_LENGTH) return refusal("too_large");
      const principal = known(token);
      if (principal) return { ok: true, principal };
      // a new token arrives with many requests at once: its signature is verified once
      const pending = underWay.get(token) ?? verifyNew(token).finally(() => underWay.delete(token));
      underWay.set(token, pending);
      return pending;
    },
    isReady() {
      keeper.poke();
      return keeper.usable() !== undefined;
    },
    keysAgeSeconds: () => keeper.ageMs() / 1000,
    close: () => keeper.stop(),
  };
}

function policyOf(options: TokenVerifierOptions): TokenPolicy {
  const { issuer, audience, leewaySeconds = MAX_LEEWAY_SECONDS, subjects } = options;
  if (!(leewaySeconds >= 0 && leewaySeconds <= MAX_LEEWAY_SECONDS)) {
    throw new RangeError(`leewaySeconds must be 0 to ${MAX_LEEWAY_SECONDS}`);
  }
  return {
    issuer,
    audience,
    leewaySeconds,
    exclusiveAudience: options.exclusiveAudience ?? true,
    algorithms: options.algorithms ?? ["RS256", "ES256"],
    subjects: subjects && new Set(subjects),
    callerClaim: options.callerClaim ?? "sub",
    groupsClaims: options.groupsClaims ?? ["groups"],
    audienceClaim: options.audienceClaim ?? "aud",
    tokenKind: options.tokenKind,
  };
}
