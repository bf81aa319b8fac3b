// The way of one AWS call: identify, let faults strike, authenticate, authorise, handle, render.

import { randomBytes, randomUUID } from "node:crypto";
import { authenticate } from "./auth/authenticate.ts";
import { authorize } from "./auth/authorize.ts";
import { AwsError, renderError } from "./aws-error.ts";
import type { CallRecord } from "./calls.ts";
import { strikeCall } from "./faults/strike.ts";
import { type Identified, identify } from "./identify.ts";
import type { ServiceName } from "./operations.ts";
import { refusal } from "./refusals.ts";
import { refuseOtherRegion } from "./s3/bucket-region.ts";
import { S3_HANDLERS } from "./s3/s3-operations.ts";
import { SSM_HANDLERS } from "./ssm/ssm-operations.ts";
import { assumeRoleWithWebIdentity } from "./sts/assume-role-with-web-identity.ts";
import { wantsJson } from "./sts/sts-input.ts";
import { STS_HANDLERS } from "./sts/sts-operations.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";
import type { Handler, World } from "./world.ts";

const HANDLERS: Readonly<Record<ServiceName, Readonly<Record<string, Handler>>>> = {
  sts: STS_HANDLERS,
  s3: S3_HANDLERS,
  ssm: SSM_HANDLERS,
};

/** An answer to send, or what to do with the connection instead. */
export type CallResult = { record: CallRecord; startedMs: number } & (
  | { kind: "answer"; answer: WireAnswer }
  | { kind: "reset" }
  | { kind: "hang" }
);

/** Runs one call to its end. Never throws; an unexpected failure is an internal error of the service. */
export async function answerCall(
  world: World,
  request: WireRequest,
  wait: (delayMs: number) => Promise<void>,
): Promise<CallResult> {
  const startedMs = performance.now();
  const called = identify(request);
  const record = newRecord(called, world.now());
  world.calls.add(record);
  const ids = {
    requestId:
      called.service === "s3" ? randomBytes(8).toString("hex").toUpperCase() : randomUUID(),
    hostId: randomBytes(48).toString("base64"),
  };
  const nowMs = () => world.now() + world.faults.clockSkewMs();

  let answer: WireAnswer;
  try {
    const target = { ...called, nowMs: world.now() };
    const outcome = await strikeCall(world.faults, target, wait);
    if (outcome === "reset" || outcome === "hang") return { kind: outcome, record, startedMs };
    answer =
      outcome === "go on"
        ? await handle(world, request, called, record, ids.requestId, nowMs())
        : outcome;
  } catch (error) {
    const known = error instanceof AwsError ? error : unexpected(error, called);
    answer = renderError(called.service, known, {
      ...ids,
      path: request.path,
      wantsJson: wantsJson(request),
    });
  }
  return {
    kind: "answer",
    record,
    startedMs,
    answer: answer.isForeign
      ? answer
      : { ...answer, headers: withCommonHeaders(answer.headers, called, ids, nowMs()) },
  };
}

async function handle(
  world: World,
  request: WireRequest,
  called: Identified,
  record: CallRecord,
  requestId: string,
  nowMs: number,
): Promise<WireAnswer> {
  const { service, operation } = called;
  if (service === "sts" && operation === "AssumeRoleWithWebIdentity") {
    return assumeRoleWithWebIdentity(request, world, nowMs, requestId);
  }
  const principal = await authenticate(request, service, world.sessions, nowMs);
  record.principalArn = principal.arn;
  const handler = HANDLERS[service][operation];
  if (handler === undefined) throw refusal("unknownOperation", service);
  if (service === "s3") refuseOtherRegion(request, operation, world.buckets);
  authorize(principal, service, operation, called.resource);
  const answer = handler({ request, operation, requestId, principal, nowMs, world });
  // in the same turn, so that nobody reads what is not kept yet
  world.commit();
  return answer;
}

function unexpected(error: unknown, called: Identified): AwsError {
  // A fault of the stand-in itself: say so where a developer looks, and answer as AWS would.
  process.stderr.write(
    `local-aws: ${called.service}.${called.operation} failed: ${String(error)}\n`,
  );
  return refusal("internal", called.service);
}

function newRecord(called: Identified, nowMs: number): CallRecord {
  const { accessKeyId, resource, webIdentityTokenSha256 } = called;
  return {
    at: new Date(nowMs).toISOString(),
    service: called.service,
    operation: called.operation,
    status: null,
    ms: null,
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    ...(resource === undefined ? {} : { resource }),
    ...(webIdentityTokenSha256 === undefined ? {} : { webIdentityTokenSha256 }),
  };
}

function withCommonHeaders(
  headers: Readonly<Record<string, string>>,
  called: Identified,
  ids: { requestId: string; hostId: string },
  nowMs: number,
): Record<string, string> {
  const own =
    called.service === "s3"
      ? { "x-amz-request-id": ids.requestId, "x-amz-id-2": ids.hostId, server: "AmazonS3" }
      : { "x-amzn-requestid": ids.requestId };
  return { date: new Date(nowMs).toUTCString(), ...own, ...headers };
}
