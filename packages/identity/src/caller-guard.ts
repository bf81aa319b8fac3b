/** The outer door: who the end caller is, by a bearer token (RFC 6750). */
import type { KeyRefusal, RefusedKeyState } from "./api-keys/key-refusals.ts";
import { callerHeaders } from "./caller-name.ts";
import type { CallerSettings } from "./caller-settings.ts";
import { encodeGroups } from "./group-names.ts";
import { DUPLICATED, singleHeader } from "./headers.ts";
import { keyLocation } from "./key-settings.ts";
import { createLogLimit, type IdentityLog } from "./log.ts";
import {
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from "./token-verifier.ts";
import {
  type Principal,
  type Reason,
  type Refusal,
  type RefusalCode,
  refusal,
  refusalCode,
} from "./verify-result.ts";

export type CallerDecision =
  | {
      readonly allow: true;
      /** Undefined when nobody is asked (GATEWAY_AUTH=none). */
      readonly caller: string | undefined;
      readonly groups: readonly string[];
    }
  | {
      readonly allow: false;
      readonly status: Refusal["status"];
      readonly code: RefusalCode | KeyRefusal["code"] | "keys_unavailable";
      /** For the client, where there is more to say than the status does. */
      readonly detail?: string;
      /** For the log, not for the client. */
      readonly reason: CallerReason;
      /** `www-authenticate` of a 401, `retry-after` of a 503. */
      readonly headers: Readonly<Record<string, string>>;
    };

/** Why a caller was refused, by a token or by a key; a closed list. */
export type CallerReason = Reason | RefusedKeyState;

type Allowed = Extract<CallerDecision, { allow: true }>;

export interface CallerGuard {
  /**
   * A caller whose proof was good a moment ago, found without asking anybody; undefined where that is
   * not known.
   */
  known(rawHeaders: readonly string[]): Allowed | undefined;
  /** @param rawHeaders of Node's request: only they show an Authorization that came twice. */
  check(rawHeaders: readonly string[]): Promise<CallerDecision>;
  /** For /readyz: false only where nobody could be let in. */
  isReady(): boolean;
}

export interface CallerGuardOptions {
  /** Undefined lets everybody in, without a name. */
  readonly verifier: TokenVerifier | undefined;
  readonly log: IdentityLog;
  /** Counts each checked request; the reasons are a closed list and may be labels. */
  readonly observe?: (outcome: "verified" | CallerReason) => void;
  readonly now?: () => Date;
}

/** The scheme's name is matched in any case (RFC 9110 §11.1). */
const BEARER = /^bearer +([^ ]+) *$/i;
const ANYBODY = { allow: true, caller: undefined, groups: [] } as const satisfies CallerDecision;

export function createCallerGuard(options: CallerGuardOptions): CallerGuard {
  const { verifier, log, observe, now = () => new Date() } = options;
  if (verifier === undefined) {
    return { known: () => ANYBODY, check: async () => ANYBODY, isReady: () => true };
  }
  const linesOf = createLogLimit(() => now().getTime());

  const refuse = ({ status, reason }: Refusal): CallerDecision => {
    observe?.(reason);
    const count = linesOf(reason);
    if (count > 0) log.info({ reason, count }, "caller refused");
    const headers = headersOf(status, reason);
    return { allow: false, status, code: refusalCode(status), reason, headers };
  };

  const enter = ({ caller, groups }: Principal): Allowed | undefined => {
    if (callerHeaders(caller) === undefined || encodeGroups(groups) === undefined) return undefined;
    observe?.("verified");
    return { allow: true, caller, groups };
  };

  return {
    known(rawHeaders) {
      const authorization = singleHeader(rawHeaders, "authorization");
      const token = typeof authorization === "string" && BEARER.exec(authorization)?.[1];
      const found = token ? verifier.known(token) : undefined;
      return found && enter(found);
    },
    async check(rawHeaders) {
      const authorization = singleHeader(rawHeaders, "authorization");
      if (authorization === undefined || authorization === "") return refuse(refusal("missing"));
      if (authorization === DUPLICATED) return refuse(refusal("duplicated"));
      const token = BEARER.exec(authorization)?.[1];
      if (token === undefined) return refuse(refusal("malformed"));
      const result = await verifier.verify(token);
      if (!result.ok) return refuse(result);
      return enter(result.principal) ?? refuse(refusal("claims"));
    },
    isReady: () => verifier.isReady(),
  };
}

/** RFC 6750 §3: a request without a token learns the scheme, one with a bad token the error. */
function headersOf(status: Refusal["status"], reason: Reason): Readonly<Record<string, string>> {
  if (status === 503) return { "retry-after": "1" };
  if (status === 403) return {};
  return { "www-authenticate": reason === "missing" ? "Bearer" : 'Bearer error="invalid_token"' };
}

/** The verifier that the settings ask for; undefined when GATEWAY_AUTH is not jwt. */
export function createCallerVerifier(
  settings: CallerSettings,
  deps: Pick<TokenVerifierOptions, "log" | "now" | "fetch">,
): TokenVerifier | undefined {
  if (settings.GATEWAY_AUTH !== "jwt") return undefined;
  const {
    GATEWAY_JWT_ISSUER: issuer,
    GATEWAY_JWT_AUDIENCE: audience,
    GATEWAY_JWT_ALGORITHMS: algorithms,
    GATEWAY_JWT_CALLER_CLAIM: callerClaim,
    GATEWAY_JWT_GROUPS_CLAIM: groupsClaim,
  } = settings;
  if (!issuer || !audience) throw new TypeError("GATEWAY_AUTH=jwt needs an issuer and an audience");
  const claims = { callerClaim, groupsClaim };
  // an OIDC access token is often for the userinfo endpoint too
  const exclusiveAudience = false;
  return createTokenVerifier({
    ...deps,
    ...claims,
    issuer,
    audience,
    jwks: keyLocation(settings, "GATEWAY_JWT"),
    algorithms,
    exclusiveAudience,
  });
}
