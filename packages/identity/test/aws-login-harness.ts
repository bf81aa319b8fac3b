/** What the login tests share: a stand-in of AWS, a login that asks it, and a foreign signer. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import type { TestContext } from "node:test";
import {
  type AwsKeys,
  type AwsLoginOptions,
  type AwsLoginProof,
  type AwsLoginResult,
  createAwsLogin,
  newChallenge,
  signGetCallerIdentity,
} from "@airlock/identity";
import { KNOWN_SESSIONS, startLocalAws } from "@airlock/local-aws";
import { SignatureV4 } from "@smithy/signature-v4";

export const SERVER_ID = "gpu.example.com";
export const REGION = "eu-west-1";
export const ROLE = "SSOCloudDevGpuReservation";

export async function loginRig(t: TestContext, changes: Partial<AwsLoginOptions> = {}) {
  const aws = await startLocalAws();
  const login = createAwsLogin({
    serverId: SERVER_ID,
    allowedAccounts: ["111122223333"],
    allowedRole: ROLE,
    endpoint: aws.url,
    ...changes,
  });
  t.after(() => Promise.all([login.close(), aws.close()]));
  return { aws, login };
}

/** An honest proof, unless told otherwise. */
export function proofOf(
  credentials: AwsKeys = KNOWN_SESSIONS.gpuUser,
  changes: { serverId?: string; region?: string; challenge?: string; now?: Date } = {},
): AwsLoginProof {
  return signGetCallerIdentity({
    credentials,
    region: REGION,
    serverId: SERVER_ID,
    challenge: newChallenge(),
    ...changes,
  });
}

/** `status reason`, for who was refused. */
export function refusalOf(result: AwsLoginResult): string {
  assert.ok(!result.ok, "was let in");
  return `${result.status} ${result.reason}`;
}

/** What the AWS library hashes with. */
export class Sha256 {
  readonly #secret: Uint8Array | string | undefined;
  readonly #chunks: Uint8Array[] = [];
  constructor(secret?: unknown) {
    this.#secret = secret as Uint8Array | string | undefined;
  }
  update(data: Uint8Array | string): void {
    this.#chunks.push(typeof data === "string" ? Buffer.from(data) : data);
  }
  async digest(): Promise<Uint8Array> {
    const state =
      this.#secret === undefined ? createHash("sha256") : createHmac("sha256", this.#secret);
    for (const chunk of this.#chunks) state.update(chunk);
    return state.digest();
  }
  reset(): void {
    this.#chunks.length = 0;
  }
}

/** The request as a client of ours signs it. */
export interface SignedRequest {
  host: string;
  body: string;
  headers: Record<string, string>;
}

/**
 * Fields whose signature the AWS library made over a request that `change` turned into another one.
 * The keys are good and the fields are honest: only what was signed is not what will be sent.
 */
export async function foreignProof(
  change: (request: SignedRequest) => void,
  challenge = newChallenge(),
) {
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const host = `sts.${REGION}.amazonaws.com`;
  const request: SignedRequest = {
    host,
    body: "Action=GetCallerIdentity&Version=2011-06-15",
    headers: {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      "x-airlock-challenge": challenge,
      "x-airlock-server-id": SERVER_ID,
    },
  };
  change(request);
  const signer = new SignatureV4({
    service: "sts",
    region: REGION,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign({
    method: "POST",
    protocol: "https:",
    hostname: request.host,
    path: "/",
    query: {},
    headers: { ...request.headers, host: request.host },
    body: request.body,
  });
  const signature = /Signature=([0-9a-f]{64})$/.exec(signed.headers.authorization ?? "")?.[1];
  assert.ok(signature);
  return {
    region: REGION,
    access_key_id: accessKeyId,
    date: signed.headers["x-amz-date"] ?? "",
    signature,
    session_token: sessionToken,
    challenge,
  };
}
