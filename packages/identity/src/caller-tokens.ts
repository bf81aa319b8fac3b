/** The prover of GATEWAY_AUTH=jwt: who the end caller is, by a bearer token (RFC 6750). */
import { callerHeaders } from "./caller-name.ts";
import {
  type AllowedCaller,
  CALLER_REFUSED,
  type CallerProver,
  type RefusedCaller,
} from "./caller-prover.ts";
import type { CallerSettings } from "./caller-settings.ts";
import { encodeGroups } from "./group-names.ts";
import { presentedToken } from "./headers.ts";
import { keyLocation } from "./key-settings.ts";
import {
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from "./token-verifier.ts";
import {
  type Principal,
  type Reason,
  type Refusal,
  refusal,
  refusalCode,
} from "./verify-result.ts";

export function callerTokens(verifier: TokenVerifier): CallerProver {
  return {
    known(rawHeaders) {
      const { token } = presentedToken(rawHeaders);
      const found = token === undefined ? undefined : verifier.known(token);
      return found && namedIn(found);
    },
    async prove(rawHeaders) {
      const presented = presentedToken(rawHeaders);
      if (presented.token === undefined) return refused(refusal(presented.reason));
      const result = await verifier.verify(presented.token);
      if (!result.ok) return refused(result);
      return namedIn(result.principal) ?? refused(refusal("claims"));
    },
    lineOf: () => CALLER_REFUSED,
    isReady: () => verifier.isReady(),
  };
}

/** Undefined for a name or groups that the headers to the next service cannot hold. */
function namedIn({ caller, groups }: Principal): AllowedCaller | undefined {
  if (callerHeaders(caller) === undefined || encodeGroups(groups) === undefined) return undefined;
  return { allow: true, caller, groups };
}

const refused = ({ status, reason }: Refusal): RefusedCaller => ({
  allow: false,
  status,
  code: refusalCode(status),
  reason,
  headers: headersOf(status, reason),
});

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
    GATEWAY_JWT_GROUPS_CLAIM: groupsClaims,
    GATEWAY_JWT_AUDIENCE_CLAIM: audienceClaim,
    GATEWAY_JWT_TOKENS: tokenKind,
  } = settings;
  if (!issuer || !audience) throw new TypeError("GATEWAY_AUTH=jwt needs an issuer and an audience");
  const claims = { callerClaim, groupsClaims, audienceClaim, tokenKind };
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
