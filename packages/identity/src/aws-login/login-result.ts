/** How a login ends: an identity, a refusal in words a client may read, or no verdict. */
import type { RefusalCode } from "../verify-result.ts";
import type { AwsIdentity } from "./caller-identity.ts";

/**
 * Why a login failed. For audit lines and metric labels; a closed list.
 *
 * - `malformed`: a field does not have its form
 * - `clock`: signed more than five minutes from now
 * - `unknown_key`, `signature`, `expired_token`: what STS said; `sts_refused` for its other words
 * - `principal`: proven, but no role session of this partition
 * - `account`, `role`: proven, but not on the list
 * - `sts_unavailable`: down, throttled or too slow
 * - `sts_answer`: a redirect, or an answer that STS would not give
 */
export const AWS_LOGIN_REASONS = [
  "malformed",
  "clock",
  "unknown_key",
  "signature",
  "expired_token",
  "sts_refused",
  "principal",
  "account",
  "role",
  "sts_unavailable",
  "sts_answer",
] as const;
export type AwsLoginReason = (typeof AWS_LOGIN_REASONS)[number];

export interface AwsLoginRefusal {
  readonly ok: false;
  /** 401 not proven, 403 proven but not allowed, 503 cannot be proven now. */
  readonly status: 401 | 403 | 503;
  /** A code of packages/contract. */
  readonly code: RefusalCode;
  /** For the client. */
  readonly detail: string;
  readonly reason: AwsLoginReason;
  /** With 403: who it was, for the audit line; the ARN as STS gave it. */
  readonly arn?: string;
  /** With 503: a word for the log. */
  readonly cause?: string;
}

export type AwsLoginResult =
  | { readonly ok: true; readonly identity: AwsIdentity }
  | AwsLoginRefusal;

export const notProven = (reason: AwsLoginReason, detail: string): AwsLoginRefusal => ({
  ok: false,
  status: 401,
  code: "unauthenticated",
  detail,
  reason,
});

export const notAllowed = (
  reason: AwsLoginReason,
  detail: string,
  arn: string,
): AwsLoginRefusal => ({ ok: false, status: 403, code: "wrong_principal", detail, reason, arn });

export const noVerdict = (
  reason: "sts_unavailable" | "sts_answer",
  cause: string,
): AwsLoginRefusal => ({
  ok: false,
  status: 503,
  code: "identity_unavailable",
  detail: "AWS cannot be asked who you are at the moment; try again.",
  reason,
  cause,
});
