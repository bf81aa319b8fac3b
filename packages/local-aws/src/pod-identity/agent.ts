// The agent of EKS Pod Identity: gives a pod the session of its role for the token in its file.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html

import type { CallRecord } from "../calls.ts";
import { GATEWAY_ROLE, LOCAL_AWS } from "../known-identities.ts";
import { startRoleSession } from "../sts/role-session.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import type { World } from "../world.ts";

export const POD_IDENTITY_PATH = "/v1/credentials";
const SESSION_SECONDS = 21_600;

/** An answer, or what to do with the connection instead. */
export type AgentResult = WireAnswer | "hang" | "reset";

export async function answerAgent(
  world: World,
  request: WireRequest,
  wait: (delayMs: number) => Promise<void>,
): Promise<AgentResult> {
  const record: CallRecord = {
    at: new Date(world.now()).toISOString(),
    service: "pod-identity",
    operation: "GetCredentials",
    status: null,
    ms: null,
  };
  world.calls.add(record);
  const result = await resultOf(world, request, wait);
  record.status = typeof result === "string" ? null : result.status;
  return result;
}

const KINDS = ["throttle", "error500", "hang", "slow", "reset", "answer"] as const;

async function resultOf(
  world: World,
  { method, headers }: WireRequest,
  wait: (delayMs: number) => Promise<void>,
): Promise<AgentResult> {
  for (const fault of world.faults.strike(KINDS, "pod-identity", "GetCredentials")) {
    if (fault.kind === "slow") await wait(fault.delayMs);
    else if (fault.kind === "hang" || fault.kind === "reset") return fault.kind;
    else if (fault.kind === "throttle") return text(429, "Too Many Requests");
    else if (fault.kind === "error500") return text(500, "Internal Server Error");
    else {
      const { status, body, contentType } = fault;
      return { status, body, headers: { "content-type": contentType } };
    }
  }
  if (method !== "GET") return text(405, "Method Not Allowed");
  const { authorization: token = "" } = headers;
  if (token === "") return text(400, "Service account token cannot be empty");
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    return text(400, "Service account token is malformed");
  if (isPast(token, world.now())) return text(400, "Service account token is expired");
  const nowMs = world.now() + world.faults.clockSkewMs();
  const operation = "AssumeRoleForPodIdentity";
  const { Credentials } = startRoleSession(
    world,
    operation,
    GATEWAY_ROLE,
    "eks-airlock-gateway",
    SESSION_SECONDS,
    nowMs,
  );
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials;
  const given = { AccessKeyId, SecretAccessKey, Token: SessionToken, Expiration };
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...given, AccountId: LOCAL_AWS.accountId }),
  };
}

function isPast(token: string, nowMs: number): boolean {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof exp === "number" && exp * 1000 <= nowMs;
  } catch {
    return false;
  }
}

const text = (status: number, body: string): WireAnswer => ({
  status,
  headers: { "content-type": "text/plain" },
  body,
});
