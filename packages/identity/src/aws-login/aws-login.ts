/**
 * Verifies AWS identities for a login, without an AWS client and without keys of its own: STS is
 * asked with the caller's signature. Vault, Consul, aws-iam-authenticator and Teleport do the same;
 * unlike them this takes no request from the client, only the fields it builds one from.
 */
import { Agent } from "undici";
import { isAllowedRole, isRoleWish } from "../allowed-role.ts";
import { askSts, type StsAnswer } from "./ask-sts.ts";
import { type CallerIdentityResult, readCallerIdentity } from "./caller-identity.ts";
import { authorization, identityRequest } from "./identity-request.ts";
import { newChallenge } from "./login-challenge.ts";
import { AwsLoginProof } from "./login-proof.ts";
import {
  type AwsLoginRefusal,
  type AwsLoginResult,
  notAllowed,
  notProven,
  noVerdict,
} from "./login-result.ts";
import { type AwsKeys, signGetCallerIdentity } from "./sign-identity-request.ts";
import { type Partition, STS_REGIONS } from "./sts-regions.ts";

export interface AwsLoginOptions {
  /** This service's name; clients sign it. Like a host name. */
  readonly serverId: string;
  /** Ids of 12 digits; at least one. */
  readonly allowedAccounts: readonly string[];
  /** The role's name, exactly, or a permission set's (see allowed-role.ts). */
  readonly allowedRole: string;
  /** Where the accounts are; default `aws`. */
  readonly partition?: Partition;
  /** Asked instead of the region's STS, which the request still names: a stand-in's address. */
  readonly endpoint?: string;
  /** How far the signature's time may be from ours, either way; default 300, which is AWS's own limit. */
  readonly maxSkewSeconds?: number;
  /** Until STS has answered; default 5000. */
  readonly timeoutMs?: number;
  /** Told of each question to STS that ended; the outcomes are a closed list and may be labels. */
  readonly observe?: (outcome: StsAnswer["kind"], seconds: number) => void;
  readonly now?: () => Date;
}

export interface AwsLogin {
  /**
   * Asks STS about a proof. Never rejects. The challenge in it must have been taken out of
   * circulation before: this does not know which ones were issued.
   */
  verify(proof: unknown): Promise<AwsLoginResult>;
  /** The same for keys that were handed over: signs with them at once and forgets them. */
  verifyKeys(keys: AwsKeys, region: string): Promise<AwsLoginResult>;
  close(): Promise<void>;
}

/** Logins at once; more of them wait, within their time. */
const MAX_CONNECTIONS = 16;

/** @throws TypeError for options that would let nobody in, or the wrong ones. */
export function createAwsLogin(options: AwsLoginOptions): AwsLogin {
  const { serverId, partition = "aws", endpoint, timeoutMs = 5000 } = options;
  const { maxSkewSeconds = 300, observe, now = () => new Date() } = options;
  refuseBadOptions(options);
  const dispatcher = new Agent({ connections: MAX_CONNECTIONS, connect: { timeout: timeoutMs } });

  const verify = async (input: unknown): Promise<AwsLoginResult> => {
    const { success, data: proof } = AwsLoginProof.safeParse(input);
    if (!success) return notProven("malformed", INVALID);
    // a NaN of a date that is none fails this too
    const isNear = Math.abs(now().getTime() - amzDateMs(proof.date)) <= maxSkewSeconds * 1000;
    if (!isNear) return notProven("clock", CLOCK_DETAIL);
    const region = STS_REGIONS.get(proof.region);
    if (region === undefined) return notProven("malformed", INVALID);
    if (region.partition !== partition) {
      const detail = `${INVALID}: ${proof.region} is of the partition ${region.partition}; log in with a region of ${partition}.`;
      return notProven("malformed", detail);
    }
    const request = identityRequest({ ...proof, serverId });
    const askedAt = performance.now();
    const answer = await askSts(request, {
      origin: endpoint ?? `https://${region.host}`,
      authorization: authorization(request, proof),
      dispatcher,
      timeoutMs,
    });
    observe?.(answer.kind, (performance.now() - askedAt) / 1000);
    return answer.kind === "identity" ? admit(answer.result, options) : refuse(answer);
  };

  return {
    verify,
    async verifyKeys(credentials, region) {
      if (!STS_REGIONS.has(region)) return notProven("malformed", INVALID);
      const challenge = newChallenge();
      const sign = { credentials, region, serverId, challenge, now: now() };
      return verify(signGetCallerIdentity(sign));
    },
    close: () => dispatcher.destroy(),
  };
}

const INVALID = "Invalid AWS credentials";
const CLOCK_DETAIL = "The signature's time is too far from ours; check the clock.";

/** The account first: who is of another one learns nothing about the role. */
function admit(result: CallerIdentityResult, options: AwsLoginOptions): AwsLoginResult {
  const { allowedAccounts, allowedRole, partition = "aws" } = options;
  const identity = readCallerIdentity(result);
  if (identity === undefined || identity.partition !== partition) {
    return notAllowed("principal", "Access denied. Log in with a session of a role.", result.Arn);
  }
  const { account, role, arn } = identity;
  if (!allowedAccounts.includes(account)) {
    return notAllowed("account", "Access denied. Not an account to log in from.", arn);
  }
  if (!isAllowedRole(allowedRole, role)) {
    const detail = `Access denied. Required role: ${allowedRole}, got: ${role}`;
    return notAllowed("role", detail, arn);
  }
  return { ok: true, identity };
}

function refuse(answer: Exclude<StsAnswer, { kind: "identity" }>): AwsLoginRefusal {
  if (answer.kind === "unavailable") return noVerdict("sts_unavailable", answer.cause);
  if (answer.kind === "strange") return noVerdict("sts_answer", answer.cause);
  switch (answer.code) {
    case "InvalidClientTokenId":
      return notProven("unknown_key", "Invalid AWS credentials");
    case "SignatureDoesNotMatch":
      return notProven("signature", "AWS signature verification failed");
    case "ExpiredToken":
    case "ExpiredTokenException":
      return notProven("expired_token", `AWS authentication failed: ${answer.code}`);
    default:
      return notProven("sts_refused", `AWS authentication failed: ${answer.code}`);
  }
}

function refuseBadOptions({ serverId, allowedAccounts, allowedRole }: AwsLoginOptions): void {
  const isAccount = (id: string) => /^\d{12}$/.test(id);
  if (allowedAccounts.length === 0 || !allowedAccounts.every(isAccount)) {
    throw new TypeError("allowedAccounts must be account ids of 12 digits, at least one");
  }
  if (!isRoleWish(allowedRole)) {
    throw new TypeError("allowedRole must be the name of a role");
  }
  identityRequest({ region: "us-east-1", date: "", challenge: "", serverId });
}

/** Milliseconds since the epoch; NaN for a 13th month and the like. */
function amzDateMs(date: string): number {
  const iso = date.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5");
  return Date.parse(iso);
}
