// The execution API: checks who calls and what they may, invokes the function, answers as API Gateway does.

import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import { authenticate } from "../auth/authenticate.ts";
import { readSignature } from "../auth/credential-scope.ts";
import type { Principal } from "../auth/sessions.ts";
import { AwsError } from "../aws-error.ts";
import type { CallRecord } from "../calls.ts";
import type { FunctionAnswer } from "../lambda/invocations.ts";
import { refusal } from "../refusals.ts";
import { type WireRequest, writeAnswer } from "../wire.ts";
import type { World } from "../world.ts";
import { eventOf } from "./event.ts";
import { API, mayInvoke, methodArn } from "./policies.ts";
import { CallFailed, refusedAnswer } from "./refusal.ts";
import { sendAnswer } from "./send-answer.ts";
import { strikeInvoke } from "./strike.ts";

const BASE = "/execute-api/";

export const isExecuteApiPath = (path: string): boolean => path.startsWith(BASE);

/** The API's methods are all on its greedy path. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST"]);

/** Answers one call, or ends its connection. Never rejects but for a fault of the stand-in itself. */
export async function answerExecuteApi(
  world: World,
  message: IncomingMessage,
  request: WireRequest,
  response: ServerResponse,
  wait: (delayMs: number) => Promise<void>,
): Promise<CallRecord> {
  const requestId = randomUUID();
  const headers = {
    "x-amzn-requestid": requestId,
    "x-amz-apigw-id": requestId.replaceAll("-", "").slice(0, 16),
    date: new Date(world.now() + world.faults.clockSkewMs()).toUTCString(),
  };
  const signature = readSignature(request);
  const { pathname: path, stage } = split(request.path);
  const record: CallRecord = {
    at: new Date(world.now()).toISOString(),
    service: "execute-api",
    operation: "Invoke",
    resource: `${request.method} ${path}`,
    status: null,
    ms: null,
    ...(typeof signature !== "string" && { accessKeyId: signature.accessKeyId }),
  };
  world.calls.add(record);
  const end = () => void message.socket.resetAndDestroy();
  try {
    const strike = await strikeInvoke(world.faults, record.resource ?? "", wait);
    if (strike === "hang") return record;
    if (strike === "reset") {
      end();
      return record;
    }
    if (strike?.answer) {
      writeAnswer(response, strike.answer, request.method);
      record.status = strike.answer.status;
      return record;
    }
    const { principal, isStreamed } = await admit(world, request, stage, path);
    record.principalArn = principal.arn;
    const nowMs = world.now();
    const accessKey = record.accessKeyId ?? "";
    const told = { message, request, path, principal, accessKey, requestId, nowMs };
    const answer = await invoke(world, eventOf(told), isStreamed);
    if (strike?.lostAfterBytes === 0) {
      await finished(answer.body.resume(), { cleanup: true }).catch(() => undefined);
      end();
      return record;
    }
    record.status = await sendAnswer(answer, response, {
      isStreamed,
      maxBytes: world.executeApiLimits.eventBytes,
      headers,
      cutAfterBytes: strike?.lostAfterBytes,
    });
  } catch (error) {
    if (response.headersSent) {
      response.destroy(); // it ends where the function, or its reader, did
      return record;
    }
    const refused = refusedAnswer(error);
    if (!refused) throw error;
    record.status = refused.status;
    writeAnswer(
      response,
      { ...refused, headers: { ...headers, ...refused.headers } },
      request.method,
    );
  }
  return record;
}

function split(path: string): { stage: string; pathname: string } {
  const rest = path.slice(BASE.length);
  const slash = rest.indexOf("/");
  return slash < 0
    ? { stage: rest, pathname: "/" }
    : { stage: rest.slice(0, slash), pathname: rest.slice(slash) };
}

/** @throws AwsError, CallFailed */
async function admit(
  world: World,
  request: WireRequest,
  stage: string,
  path: string,
): Promise<{ principal: Principal; isStreamed: boolean }> {
  const { method, body } = request;
  const limits = world.executeApiLimits;
  if (stage !== API.stage) throw new CallFailed("noStage");
  // what there is not is told as what was not signed
  if (!METHODS.has(method) || path === "/") throw refusal("unknownOperation", "execute-api");
  if (sizeOf(request.headers) > limits.headerBytes) throw new CallFailed("headersTooLong");
  if (body.length > limits.requestBytes) throw new CallFailed("tooLong");
  const isStreamed = limits.isStreaming && method !== "POST";
  const nowMs = world.now() + world.faults.clockSkewMs();
  const principal = await authenticate(request, "execute-api", world.sessions, nowMs);
  const verdict = mayInvoke(principal, method, path);
  if (verdict === "allowed") return { principal, isStreamed };
  const words =
    `User: ${principal.arn} is not authorized to perform: execute-api:Invoke on resource: ` +
    methodArn(method, path, true);
  const how = verdict === "explicitDeny" ? " with an explicit deny" : "";
  throw refusal("accessDenied", "execute-api", `${words}${how}`);
}

const sizeOf = (headers: Readonly<Record<string, string>>): number =>
  Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0);

/** @throws CallFailed */
async function invoke(world: World, event: object, isStreamed: boolean): Promise<FunctionAnswer> {
  const limits = world.executeApiLimits;
  if (JSON.stringify(event).length > limits.eventBytes) throw new CallFailed("tooLong");
  const limitMs = isStreamed ? limits.streamedMs : limits.bufferedMs;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  try {
    return await world.invocations.invoke(event, Date.now() + limitMs, limit.signal);
  } catch (error) {
    if (error instanceof AwsError) throw error;
    throw new CallFailed(limit.signal.aborted ? "timedOut" : "noAnswer");
  } finally {
    clearTimeout(timer);
  }
}
