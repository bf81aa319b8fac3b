/** The outer door: who the end caller is, by a bearer token (RFC 6750). */
import type { KeyRefusal, RefusedKeyState } from "./api-keys/key-refusals.ts";
import { callerHeaders } from "./caller-name.ts";
import type { CallerSettings } from "./caller-settings.ts";
import { encodeGroups } from "./group-names.ts";
import { presentedToken } from "./headers.ts";
import { keyLocation } from "./key-settings.ts";
import type { IdentityLog } from "./log.ts";
import { type RefusalLine, tellOutcomes } from "./outcomes.ts";
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

/** What refuses a caller is the client's doing: nobody has to act on it. */
export const CALLER_REFUSED: RefusalLine = { level: "info", message: "caller refused" };
const ANYBODY = { allow: true, caller: undefined, groups: [] } as const satisfies CallerDecision;

export function createCallerGuard(options: CallerGuardOptions): CallerGuard {
  const { verifier } = options;
  if (verifier === undefined) {
    return { known: () => ANYBODY, check: async () => ANYBODY, isReady: () => true };
  }
  const outcomes = tellOutcomes(options);

  const refuse = ({ status, reason }: Refusal): CallerDecision => {
    outcomes.refused(reason, CALLER_REFUSED);
    const headers = headersOf(status, reason);
    return { allow: false, status, code: refusalCode(status), reason, headers };
  };

  const enter = ({ caller, groups }: Principal): Allowed | undefined => {
    if (callerHeaders(caller) === undefined || encodeGroups(groups) === undefined) return undefined;
    outcomes.verified();
    return { allow: true, caller, groups };
  };

  return {
    known(rawHeaders) {
      const { token } = presentedToken(rawHeaders);
      const found = token === undefined ? undefined : verifier.known(token);
      return found && enter(found);
    },
    async check(rawHeaders) {
      const presented = presentedToken(rawHeaders);
      if (presented.token === undefined) return refuse(refusal(presented.reason));
      const result = await verifier.verify(presented.token);
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
