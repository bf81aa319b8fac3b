/** Passes one client's request to the upstream and the answer back: target, headers, share, answer. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";

import { headersForOne, sendParts } from "@airlock/http";

import type { LayerPresenter } from "@airlock/identity";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Answer, Call, type Method, refusal, type Upstream } from "./call.ts";
import { CLASSES, type ClassName } from "./classes.ts";
import {
  CallError,
  ClientLeftError,
  DeadlineError,
  relayedProblem,
  upstreamProblem,
} from "./failures.ts";
import {
  objectWishesOf,
  passedHeaders,
  shareKey,
  upstreamHeaders,
  type Wishes,
  wishesOf,
  withWord,
} from "./passing.ts";
import { type Begin, Reader, Shares } from "./share.ts";

export interface Target {
  /** Path and query at the upstream, built from checked parts only. */
  readonly path: string;
  readonly class: Extract<ClassName, "value" | "list" | "stream" | "jobs" | "login">;
  /** GET unless said otherwise. */
  readonly method?: Method;
  /** JSON. */
  readonly body?: string | Buffer | undefined;
  /** The client's credentials and the like: the answer is for it alone, and so is a refusal. */
  readonly ownHeaders?: Readonly<Record<string, string>>;
  /** Changes nothing, or changes it once. Unset means that all but a POST is. */
  readonly isRepeatable?: boolean;
  /** Told the headers of the answer before it goes to the client. */
  readonly onAnswer?: ((headers: IncomingHttpHeaders) => void) | undefined;
  /** How long to wait for another answer than the one that If-None-Match names. */
  readonly waitSeconds?: number | undefined;
}

/** Answers the request, now or later; never throws. */
export type Forward = (request: FastifyRequest, reply: FastifyReply, target: Target) => void;

/** Bodies up to this size are shared by all who wait for them. */
const SHARED_BYTES = 1_048_576;
/** Bodies up to this size go to the client in one write. */
const WHOLE_BYTES = 65_536;
/** What the upstream may take longer than the wait that it was asked for. */
const WAIT_GRACE_MS = 500;
/** With less than this left a client is answered: the upstream waits for whole seconds. */
const LEAST_WAIT_MS = 500;

/** @param layer proves to the upstream who is asking, and names the caller. */
export function createForward(upstream: Upstream, layer?: LayerPresenter): Forward {
  const shares = new Shares();

  const refuse = (name: ClassName, holder?: string) => {
    const refused = refusal(upstream, name, holder);
    if (refused) throw refused;
  };

  const join = (request: FastifyRequest, reader: Reader, key: string, begin: Begin) => {
    shares.join(reader, key, begin);
    const { sharedWith } = reader;
    if (sharedWith === undefined) return;
    request.logFields = { upstream_request_id: sharedWith };
    upstream.counts.shared();
  };

  const readNow = async (request: FastifyRequest, reply: FastifyReply, target: Target) => {
    const { path, class: name, method = "GET", body, ownHeaders } = target;
    const { isRepeatable = method !== "POST" } = target;
    const { overallMs } = CLASSES[name];
    // objects have a bound of their own (see takePlace)
    const holder = name === "stream" ? undefined : request.holder;
    refuse(name, holder);
    const wishes = name === "stream" ? objectWishesOf(request.raw) : wishesOf(request.raw);
    const send =
      (bufferBytes: number): Begin =>
      (owner) => {
        const type = body === undefined ? undefined : JSON_BODY;
        const proof = layer?.headers(request.caller, request.groups, request.client.address);
        const headers = upstreamHeaders(request, wishes, type, ownHeaders, proof);
        const what = { method, path, headers, body, class: name, bufferBytes };
        return new Call(upstream, { ...what, isRepeatable, holder }, owner);
      };

    let limitMs: number | undefined = overallMs;
    if (isShareable(target)) {
      const startedAt = performance.now();
      const reader = new Reader(reply.raw, { requestId: request.id, limitMs });
      join(request, reader, shareKey(path, wishes, request), send(SHARED_BYTES));
      const answer = await reader.answer;
      if (answer) return answer;
      refuse(name, holder);
      request.logFields = undefined; // a call of one's own, in what is left of the time
      limitMs = overallMs && overallMs - (performance.now() - startedAt);
    }
    const reader = new Reader(reply.raw, { requestId: request.id, limitMs });
    shares.join(reader, undefined, send(WHOLE_BYTES));
    return reader.answer;
  };

  /**
   * Waits in the call that another client began, if there is one, and in the next one when that ends
   * too early for this client, or with what concerns the other alone.
   *
   * @returns undefined when it is time to answer with what there is now.
   */
  const readChanged = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { path }: Target,
    waitSeconds: number,
  ): Promise<Answer | undefined> => {
    refuse("wait");
    const wishes = wishesOf(request.raw);
    const key = `wait ${shareKey(path, wishes, request)}`;
    const leave = request.takePlace("wait");
    const endsAt = performance.now() + waitSeconds * 1000;
    try {
      for (let leftMs = waitSeconds * 1000; ; ) {
        const reader = new Reader(reply.raw, {
          requestId: request.id,
          limitMs: leftMs + WAIT_GRACE_MS,
          until: request.server.draining,
        });
        const seconds = Math.round(leftMs / 1000);
        join(
          request,
          reader,
          key,
          (owner) =>
            new Call(
              upstream,
              waitCall(request, withWord(path, `wait=${seconds}s`), wishes),
              owner,
            ),
        );
        const answer = await reader.answer;
        leftMs = endsAt - performance.now();
        const isOwn = reader.sharedWith === undefined;
        // another's time was up, or another has too many waits there
        const isOthers = answer?.status === 304 || answer?.status === 429;
        if (isOwn || !isOthers || leftMs < LEAST_WAIT_MS) return answer;
      }
    } catch (error) {
      if (error instanceof DeadlineError) return undefined;
      throw error;
    } finally {
      leave();
    }
  };

  const waitCall = (request: FastifyRequest, path: string, wishes: Wishes) => {
    const proof = layer?.headers(request.caller, request.groups, request.client.address);
    const headers = upstreamHeaders(request, wishes, proof);
    const how = { method: "GET", class: "wait", isRepeatable: true } as const;
    return { ...how, path, headers, bufferBytes: SHARED_BYTES };
  };

  const forward = async (request: FastifyRequest, reply: FastifyReply, target: Target) => {
    const { waitSeconds } = target;
    let leave: (() => void) | undefined;
    let isStreaming = false;
    try {
      // from the beginning: an object whose first byte is late holds a connection as well
      if (target.class === "stream") leave = request.takePlace("stream");
      if (leave) reply.raw.once("close", leave);
      const changed = waitSeconds && (await readChanged(request, reply, target, waitSeconds));
      const answer = changed || (await readNow(request, reply, target));
      if (!answer) return;
      isStreaming = answer.body instanceof Readable;
      target.onAnswer?.(answer.headers);
      sendAnswer(request, reply, target, answer);
    } catch (error) {
      if (error instanceof ClientLeftError) return reply.hijack();
      reply.send(upstreamProblem(error));
    } finally {
      if (!isStreaming) leave?.();
    }
  };
  return (request, reply, target) => void forward(request, reply, target);
}

const JSON_BODY = { "content-type": "application/json" };

/** Objects are as large as they are, and a POST is one client's own. */
const isShareable = ({ method = "GET", class: name, ownHeaders }: Target): boolean =>
  method === "GET" && name !== "stream" && ownHeaders === undefined;

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  target: Target,
  answer: Answer,
): void {
  const { status, headers, body } = answer;
  const isObject = target.class === "stream";
  if (!isUsable(answer, isObject, request.headers)) {
    const text = body instanceof Readable ? undefined : Buffer.concat(body).toString("utf8");
    if (body instanceof Readable) body.destroy();
    const hasClientProof = target.ownHeaders !== undefined;
    const problem = relayedProblem({ status, headers, text }, hasClientProof);
    if (problem.code === "upstream_rejected") {
      request.logFields = { ...request.logFields, rejected_upstream: true };
    }
    return void reply.send(problem);
  }
  const passed = passedHeaders(headers, isObject);
  const isForOne = request.caller !== undefined || target.ownHeaders !== undefined;
  if (status === 304) reply.removeHeader("cache-control"); // but for what it says itself
  reply
    .code(status)
    .headers(isForOne ? headersForOne({ status, headers: passed }, "authorization") : passed);
  if (status === 304) return void reply.send();
  const length = headers["content-length"];
  if (body instanceof Readable) {
    if (length !== undefined) reply.header("content-length", length);
    body.once("error", (error) => {
      // the head has been sent: what is left is to say whose doing it was
      if (error instanceof CallError || error instanceof DeadlineError) {
        request.brokenStatus = upstreamProblem(error).status;
      }
    });
    return void reply.send(body);
  }
  if (target.method === "HEAD") {
    if (length !== undefined) reply.header("content-length", length);
    return void reply.send();
  }
  sendParts(reply, body);
}

/** Those that are passed on, and by which a client is asked not to repeat what it has. */
const CONDITIONS = ["if-none-match"] as const;
const CONDITIONS_OF_OBJECTS = [...CONDITIONS, "if-modified-since"] as const;

/** In any case, with any parameters (RFC 9110 §8.3.1). */
const JSON_TYPE = /^application\/json *(?:;|$)/i;
/** A parameter's value and nothing else, to who says what to accept; aux gives each an ETag. */
const TEXT_TYPE = /^text\/plain *(?:;|$)/i;

/**
 * Whether the service behind can have given this answer. Anything else comes from something in
 * between: a redirect, a login page, a part that nobody asked for, 304 to who has nothing, an answer
 * without the promised JSON.
 *
 * @param client the headers of the client's request.
 */
function isUsable(
  { status, headers }: Answer,
  isObject: boolean,
  client: IncomingHttpHeaders,
): boolean {
  if (status === 304) {
    return (isObject ? CONDITIONS_OF_OBJECTS : CONDITIONS).some((name) => client[name]);
  }
  if (isObject) return status === 200 || (status === 206 && client.range !== undefined);
  const type = headers["content-type"] ?? "";
  if (TEXT_TYPE.test(type)) {
    return status === 200 && headers.etag !== undefined && client.accept !== undefined;
  }
  return status >= 200 && status <= 202 && JSON_TYPE.test(type);
}
