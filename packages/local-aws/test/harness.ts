// What every test file shares: a stand-in with an injected clock, and the real SDK clients against it.

import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { LOCAL_AWS, type LocalAws, startLocalAws } from "@airlock/local-aws";
import { S3Client } from "@aws-sdk/client-s3";
import { SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export const BASE_KEYS: Keys = {
  accessKeyId: LOCAL_AWS.baseAccessKeyId,
  secretAccessKey: LOCAL_AWS.baseSecretAccessKey,
};

/** The parts of an SDK error these tests look at. */
export interface SdkError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number };
}

export class Bench {
  /** Added to the true time by the stand-in's clock. */
  clockAheadMs = 0;
  private frozenAtMs: number | undefined;
  /** Answers every `rate` decision of the stand-in. */
  randomValue = 0;
  private running: LocalAws | undefined;
  private sessionKeys: Keys | undefined;
  private readonly clients: { destroy(): void }[] = [];

  get aws(): LocalAws {
    assert.ok(this.running, "the stand-in is not started");
    return this.running;
  }

  async start(): Promise<void> {
    this.running = await startLocalAws({
      now: () => (this.frozenAtMs ?? Date.now()) + this.clockAheadMs,
      random: () => this.randomValue,
    });
    this.sessionKeys = await this.assumeRole();
  }

  /** Stops the stand-in's clock at a moment, until the next reset. */
  freezeClock(atMs: number): void {
    this.frozenAtMs = atMs;
  }

  reset(): void {
    this.frozenAtMs = undefined;
    this.clockAheadMs = 0;
    this.randomValue = 0;
    this.aws.reset();
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await this.aws.close();
  }

  /** Keys of a session of the aux role that lasts an hour. */
  get session(): Keys {
    assert.ok(this.sessionKeys, "no session yet");
    return this.sessionKeys;
  }

  async assumeRole(keys: Keys = BASE_KEYS): Promise<Keys> {
    const answer = await this.sts(keys).send(
      new AssumeRoleCommand({ RoleArn: LOCAL_AWS.roleArn, RoleSessionName: "bench" }),
    );
    return keysOf(answer.Credentials);
  }

  sts(credentials: Keys = BASE_KEYS): STSClient {
    return this.keep(new STSClient(this.config(credentials)));
  }

  s3(credentials: Keys = this.session): S3Client {
    return this.keep(new S3Client({ ...this.config(credentials), forcePathStyle: true }));
  }

  ssm(credentials: Keys = this.session): SSMClient {
    return this.keep(new SSMClient(this.config(credentials)));
  }

  private config(credentials: Keys) {
    const { region } = LOCAL_AWS;
    return { endpoint: this.aws.url, region, credentials: { ...credentials }, maxAttempts: 1 };
  }

  private keep<T extends { destroy(): void }>(client: T): T {
    this.clients.push(client);
    return client;
  }
}

/** A bench for the whole file, back at the seed before each test. */
export function useBench(): Bench {
  const bench = new Bench();
  before(() => bench.start());
  beforeEach(() => bench.reset());
  after(() => bench.stop());
  return bench;
}

export function keysOf(
  credentials:
    | {
        AccessKeyId?: string | undefined;
        SecretAccessKey?: string | undefined;
        SessionToken?: string | undefined;
      }
    | undefined,
): Keys {
  const { AccessKeyId, SecretAccessKey, SessionToken } = credentials ?? {};
  assert.ok(AccessKeyId && SecretAccessKey && SessionToken, "credentials are incomplete");
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
}

/** Asserts that a call is refused with this error name and status; returns the error. */
export async function refused(
  call: Promise<unknown>,
  name: string,
  status: number,
): Promise<SdkError> {
  const error = await call.then(
    (answer) => assert.fail(`expected ${name}, got an answer: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error && "$metadata" in error, `not an SDK error: ${String(error)}`);
  const sdkError = error as SdkError;
  assert.equal(sdkError.name, name, sdkError.message);
  assert.equal(sdkError.$metadata.httpStatusCode, status, sdkError.message);
  return sdkError;
}
