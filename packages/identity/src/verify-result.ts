/** What verification answers: a principal, or one of a closed list of reasons. */

/**
 * Why a proof was not accepted. For logs and metric labels; a client learns only the status.
 *
 * - `missing`: none was sent
 * - `duplicated`: the header came more than once
 * - `too_large`: more than 16 KiB; nothing of it was read
 * - `malformed`: no compact JWS, or a claim of the wrong type
 * - `algorithm`: not on the allow-list (`none` and HMAC never are)
 * - `unknown_key`: the issuer has no such key
 * - `signature`: changed after signing, or signed by somebody else
 * - `issuer`, `audience`, `subject`: not the one that is asked for
 * - `token_type`: an ID token where access tokens are asked for, or the other way round
 * - `groups_left_out`: the issuer says that there are groups which the token does not name
 * - `expired`, `not_yet_valid`: by more than the leeway
 * - `claims`: a claim that is needed is not there, or is longer than can be passed on
 * - `caller_header`: the end caller's name or groups came more than once or cannot be read
 * - `unsigned_header`: a header of ours came with a signature that says nothing of it
 * - `unavailable`: there are no keys to verify with; nothing is known about the proof
 */
export const REASONS = [
  "missing",
  "duplicated",
  "too_large",
  "malformed",
  "algorithm",
  "unknown_key",
  "signature",
  "issuer",
  "audience",
  "subject",
  "token_type",
  "groups_left_out",
  "expired",
  "not_yet_valid",
  "claims",
  "caller_header",
  "unsigned_header",
  "unavailable",
] as const;
export type Reason = (typeof REASONS)[number];

/** Checked before anything is parsed; Kubernetes' tokens have about 1 KiB. */
export const MAX_TOKEN_LENGTH = 16_384;

/** Who a verified token speaks of. */
export interface Principal {
  readonly subject: string;
  /** The claim that names the caller: `sub` unless another one was chosen. */
  readonly caller: string;
  readonly groups: readonly string[];
  readonly audience: readonly string[];
  /** Milliseconds since the epoch, without leeway. */
  readonly expiresAt: number;
}

export interface Refusal {
  readonly ok: false;
  /** 401 no or bad proof, 403 a good proof of somebody else, 503 nothing to verify with. */
  readonly status: 401 | 403 | 503;
  readonly reason: Reason;
  /** Only with `subject`: whom the good proof names, for the log. */
  readonly subject?: string;
}

export type VerifyResult = { readonly ok: true; readonly principal: Principal } | Refusal;

/** The refusal that a reason stands for. */
export function refusal(reason: Reason): Refusal {
  const status = reason === "subject" ? 403 : reason === "unavailable" ? 503 : 401;
  return { ok: false, status, reason };
}

/** The words that a problem document may use for a refusal; see packages/contract. */
export type RefusalCode = "unauthenticated" | "wrong_principal" | "identity_unavailable";

const CODES = {
  401: "unauthenticated",
  403: "wrong_principal",
  503: "identity_unavailable",
} as const satisfies Record<Refusal["status"], RefusalCode>;

export const refusalCode = (status: Refusal["status"]): RefusalCode => CODES[status];
