/** One token's checks, from its size to its claims: what is cheap first, the signature once. */
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWK,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { claimOf, kindOfToken, leavesGroupsOut } from "./claims.ts";
import type { Algorithm } from "./setting-fields.ts";
import { type Principal, type Reason, type Refusal, refusal } from "./verify-result.ts";

/** What a token must say. */
export interface TokenPolicy {
  readonly issuer: string;
  readonly audience: string;
  /** Whether a token that is also for somebody else is refused. */
  readonly exclusiveAudience: boolean;
  readonly algorithms: readonly Algorithm[];
  /** Exact subjects; undefined admits any. */
  readonly subjects: ReadonlySet<string> | undefined;
  readonly callerClaim: string;
  /** Each by its name or path; who is in groups is told by all of them together. */
  readonly groupsClaims: readonly string[];
  /** The claim that must hold the audience. */
  readonly audienceClaim: "aud" | "client_id";
  /** What tokens are let in; undefined asks nobody what a token is for. */
  readonly tokenKind: "access" | "id" | undefined;
  readonly leewaySeconds: number;
}

export type FindKeys = (
  kid: string | undefined,
  algorithm: Algorithm,
) => Promise<readonly JWK[] | undefined>;

export type CheckedToken =
  | { readonly ok: true; readonly principal: Principal; readonly key: JWK }
  | Refusal;

/** Three base64url parts (RFC 7515 §7.1); a header sent twice and joined by Node fails here too. */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const MAX_NAME_LENGTH = 1024;

/**
 * Verifies a compact JWS as a JWT (RFC 7519 §7.2, RFC 8725 §3). Rejects never; every outcome is a
 * result.
 */
export async function checkToken(
  token: string,
  policy: TokenPolicy,
  findKeys: FindKeys,
  now: Date,
): Promise<CheckedToken> {
  const header = readUnverified(token);
  if (header === undefined) return refusal("malformed");
  const algorithm = policy.algorithms.find((allowed) => allowed === header.alg);
  if (algorithm === undefined) return refusal("algorithm");
  // not trusted yet, but a foreign token must not make us ask the issuer for a key it cannot have
  if (header.iss !== policy.issuer) return refusal("issuer");

  const keys = await findKeys(header.kid, algorithm);
  if (keys === undefined) return refusal("unavailable");
  if (keys.length === 0) return refusal("unknown_key");
  const options: JWTVerifyOptions = {
    algorithms: [algorithm],
    issuer: policy.issuer,
    ...(policy.audienceClaim === "aud" && { audience: policy.audience }),
    requiredClaims: ["exp", "sub"],
    clockTolerance: policy.leewaySeconds,
    currentDate: now,
  };
  let reason: Reason = "signature";
  for (const key of keys) {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, key, options);
      return accept(payload, protectedHeader.typ, policy, key);
    } catch (error) {
      reason = reasonOf(error);
      if (reason !== "signature") break; // signed by this key: no other one will like it better
    }
  }
  return refusal(reason);
}

interface Unverified {
  readonly alg: unknown;
  readonly kid: string | undefined;
  readonly iss: unknown;
}

function readUnverified(token: string): Unverified | undefined {
  if (!COMPACT.test(token)) return undefined;
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    if (kid !== undefined && typeof kid !== "string") return undefined;
    return { alg, kid, iss: decodeJwt(token).iss };
  } catch {
    return undefined; // jose's message would quote nothing, but nobody needs it either
  }
}

/** What jose does not know: foreign audiences, exact subjects, the caller's name. */
function accept(
  payload: JWTPayload,
  typ: string | undefined,
  policy: TokenPolicy,
  key: JWK,
): CheckedToken {
  const { aud = [], sub, exp } = payload;
  const { tokenKind } = policy;
  if (tokenKind !== undefined && kindOfToken(typ, payload) !== tokenKind) {
    return refusal("token_type");
  }
  const audience = typeof aud === "string" ? [aud] : aud;
  if (policy.audienceClaim === "client_id") {
    // one that names whom it is for all the same is held to that
    const isForUs = payload.client_id === policy.audience;
    if (!isForUs || (audience.length > 0 && !audience.includes(policy.audience))) {
      return refusal("audience");
    }
  }
  if (policy.exclusiveAudience && audience.some((name) => name !== policy.audience)) {
    return refusal("audience");
  }
  const caller = nameIn(payload, policy.callerClaim);
  if (exp === undefined || !isName(sub) || caller === undefined) return refusal("claims");
  if (policy.subjects && !policy.subjects.has(sub)) return { ...refusal("subject"), subject: sub };
  if (leavesGroupsOut(payload, policy.groupsClaims)) return refusal("groups_left_out");
  const groups = [...new Set(policy.groupsClaims.flatMap((claim) => groupsIn(payload, claim)))];
  const principal = { subject: sub, caller, groups, audience, expiresAt: exp * 1000 };
  return { ok: true, principal, key };
}

/** Text that can stand in a log and, encoded, in a header without becoming another name. */
function isName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= MAX_NAME_LENGTH &&
    value.isWellFormed()
  );
}

function nameIn(payload: JWTPayload, claim: string): string | undefined {
  const value = claimOf(payload, claim);
  return isName(value) ? value : undefined;
}

function groupsIn(payload: JWTPayload, claim: string): readonly string[] {
  const value = claimOf(payload, claim);
  const groups = Array.isArray(value) ? value : [value];
  return groups.filter(isName);
}

/** jose's errors carry the payload, so nothing but a word of ours leaves here. */
function reasonOf(error: unknown): Reason {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "iss") return "issuer";
    if (error.claim === "aud") return "audience";
    if (error.claim === "nbf" && error.reason === "check_failed") return "not_yet_valid";
    return error.reason === "missing" ? "claims" : "malformed";
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return "signature";
  if (error instanceof errors.JOSEError) return "malformed";
  return "signature"; // a key that its own issuer wrote wrongly: it verifies nothing
}
