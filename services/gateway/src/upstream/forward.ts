/** Passes one client's request to the upstream and the answer back: target, headers, share, answer. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import {
  headersForOne,
  type PlaceKind,
  removeAnswerHeader,
  sendFlowing,
  sendParts,
} from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { awsRefusal } from "./aws-refusals.ts";
import {
  type Answer,
  Call,
  type CallOwner,
  type CallRequest,
  type Method,
  refusal,
  type Upstream,
} from "./call.ts";
import { CLASSES, type ClassName } from "./classes.ts";
import {
  CallError,
  ClientLeftError,
  DeadlineError,
  relayedProblem,
  upstreamProblem,
} from "./failures.ts";
import { Paces } from "./paces.ts";
import {
  type BodyKind,
  isUsable,
  objectWishesOf,
  passedHeaders,
  shareKey,
  upstreamHeaders,
  type Wishes,
  wishesOf,
  withWord,
} from "./passing.ts";
import type { Route, RouteFor } from "./route.ts";
import { type Caller, type Listener, Reader, Shares } from "./share.ts";

export interface Target {
  /** Path and query at the upstream, built from checked parts only. */
  readonly path: string;
  readonly class: Extract<
    ClassName,
    "value" | "list" | "stream" | "jobs" | "follow" | "events" | "eventWait" | "login"
  >;
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
  /** Its answer is plain text, not JSON. */
  readonly isText?: boolean | undefined;
  /** How long to wait for another answer than the one that If-None-Match names, if it names any. */
  readonly waitSeconds?: number | undefined;
}

/** Answers the request, now or later; never throws. */
export type Forward = (request: FastifyRequest, reply: FastifyReply, target: Target) => void;

/** Bodies up to this size are shared by all who wait for them. */
const SHARED_BYTES = 1_048_576;
/** Bodies up to this size go to the client in one write. */
const WHOLE_BYTES = 65_536;
/** What the upstream may take longer than the wait that it was asked for; then it is asked for what there is. */
const WAIT_GRACE_MS = 100;
/** With less than this left a client is answered: the upstream waits for whole seconds. */
const LEAST_WAIT_MS = 500;
/** A wait that is over so soon has not waited: the ETag is none that the upstream gives now. */
const AT_ONCE_MS = 1000;

export function createForward(routeFor: RouteFor): Forward {
  const ways = new Map<Route, Way>();
  const wayBy = (route: Route): Way => {
    const way = ways.get(route) ?? { ...route, shares: new Shares(), paces: new Paces() };
    ways.set(route, way);
    return way;
  };
  return (request, reply, target) => {
    const way = wayBy(routeFor(request, target.waitSeconds ? "wait" : target.class));
    new Passage(way, request, reply, target).begin();
  };
}

/** A route, and what all requests by it have in common: those of two routes never share a call. */
interface Way extends Route {
  readonly shares: Shares;
  readonly paces: Paces;
}

/** One request on its way, from its target to its answer. Without promises, which every request would pay for. */
class Passage implements Listener, Caller {
  readonly #way: Way;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  #target: Target;
  readonly #wishes: Wishes;
  #startedAt = 0;
  /** Gives back the place of a stream. */
  #leave: (() => void) | undefined;
  #bufferBytes = WHOLE_BYTES;

  constructor(way: Way, request: FastifyRequest, reply: FastifyReply, target: Target) {
    this.#way = way;
    this.#request = request;
    this.#reply = reply;
    this.#target = target;
    this.#wishes = target.class === "stream" ? objectWishesOf(request.raw) : wishesOf(request.raw);
  }

  begin(): void {
    try {
      const { waitSeconds } = this.#target;
      // from the beginning: an object whose first byte is late holds a connection as well
      const kind = PLACES[this.#target.class];
      if (kind !== undefined) {
        this.#leave = this.#request.takePlace(kind);
        this.#reply.raw.once("close", this.#leave);
      }
      if (waitSeconds) void this.#wait(waitSeconds);
      else this.#read();
    } catch (error) {
      this.failed(error);
    }
  }

  call(owner: CallOwner): Call {
    const { upstream, layer } = this.#way;
    const request = this.#request;
    const { path, class: name, method = "GET", body, ownHeaders } = this.#target;
    const { isRepeatable = method !== "POST" } = this.#target;
    const type = body === undefined ? undefined : JSON_BODY;
    const proof = layer?.headers(request.caller, request.groups, request.client.address);
    const headers = upstreamHeaders(request, this.#wishes, type, ownHeaders, proof);
    const what: CallRequest = {
      method,
      path,
      headers,
      body,
      class: name,
      bufferBytes: this.#bufferBytes,
      isRepeatable,
      holder: this.#holder(),
    };
    return new Call(upstream, what, owner);
  }

  answered(answer: Answer | undefined): void {
    try {
      if (answer === undefined) this.#readAlone();
      else this.#send(answer);
    } catch (error) {
      this.failed(error);
    }
  }

  failed(error: unknown): void {
    const { class: name, path } = this.#target;
    if (error instanceof DeadlineError && name === "eventWait") {
      // the server closes: what there is now is an answer too
      this.#target = { ...this.#target, class: "jobs", path: path.replace(WAIT, "wait=0") };
      this.#readBy(CLASSES.jobs.overallMs);
      return;
    }
    this.#leave?.();
    if (error instanceof ClientLeftError) this.#reply.hijack();
    else this.#reply.send(upstreamProblem(error));
  }

  #send(answer: Answer): void {
    this.#target.onAnswer?.(answer.headers);
    sendAnswer(this.#request, this.#reply, this.#target, answer);
    if (!(answer.body instanceof Readable)) this.#leave?.();
  }

  #read(): void {
    this.#startedAt = performance.now();
    const target = this.#target;
    refuse(this.#way.upstream, target.class, this.#holder());
    const { overallMs } = CLASSES[target.class];
    if (isShareable(target)) this.#readShared(overallMs);
    else this.#readBy(overallMs);
  }

  #readShared(limitMs: number | undefined): void {
    this.#bufferBytes = SHARED_BYTES;
    const reader = new Reader(this.#reply.raw, this.#request.id, limitMs, this);
    const key = shareKey(this.#target.path, this.#wishes, this.#request);
    join(this.#way, this.#request, reader, key, this);
  }

  /** A call of one's own, in what is left of the time. */
  #readAlone(): void {
    const { class: name } = this.#target;
    refuse(this.#way.upstream, name, this.#holder());
    this.#request.logFields = undefined;
    const { overallMs } = CLASSES[name];
    this.#readBy(overallMs && overallMs - (performance.now() - this.#startedAt));
  }

  #readBy(limitMs: number | undefined): void {
    this.#bufferBytes = WHOLE_BYTES;
    const until = this.#target.class === "eventWait" ? this.#request.server.draining : undefined;
    const reader = new Reader(this.#reply.raw, this.#request.id, limitMs, this, until);
    this.#way.shares.join(reader, undefined, this);
  }

  /** Whose place it takes; objects have a bound of their own (see takePlace), and events that of jobs, by user. */
  #holder(): string | undefined {
    return UNSHARED.has(this.#target.class) ? undefined : this.#request.holder;
  }

  async #wait(seconds: number): Promise<void> {
    try {
      const startedAt = performance.now();
      const { path } = this.#target;
      const request = this.#request;
      // without an ETag to compare with there is nothing to wait for
      const isWait = this.#wishes["if-none-match"] !== undefined;
      const changed = isWait
        ? await readChanged(this.#way, request, this.#reply, path, seconds)
        : undefined;
      const isAtOnce = !isWait || (changed !== undefined && isOther(changed) && isSoon(startedAt));
      const isHeld = isAtOnce && (await this.#way.paces.hold(request, this.#reply, path, seconds));
      if (changed && !isHeld) this.#send(changed);
      else this.#read();
    } catch (error) {
      this.failed(error);
    }
  }
}

const isOther = ({ status }: Answer): boolean => status !== 304;
const isSoon = (startedAt: number): boolean => performance.now() - startedAt < AT_ONCE_MS;

/** What takes long before its answer begins. */
const PLACES: Readonly<Partial<Record<ClassName, PlaceKind>>> = {
  stream: "stream",
  eventWait: "events",
};
const UNSHARED: ReadonlySet<ClassName> = new Set(["stream", "events", "eventWait"]);
const WAIT = /(?<=[?&])wait=\d+s?/;

function refuse(upstream: Upstream, name: ClassName, holder?: string): void {
  const refused = refusal(upstream, name, holder);
  if (refused) throw refused;
}

/** Joins whoever asks the same; the log and a metric tell. */
function join(
  { shares, upstream }: Way,
  request: FastifyRequest,
  reader: Reader,
  key: string,
  caller: Caller,
): void {
  shares.join(reader, key, caller);
  const { sharedWith } = reader;
  if (sharedWith === undefined) return;
  request.logFields = { upstream_request_id: sharedWith };
  upstream.counts.shared();
}

/**
 * Waits in the call that another client began, if there is one, and in the next one when that ends
 * too early for this client, or with what concerns the other alone.
 *
 * @returns undefined when it is time to answer with what there is now.
 */
async function readChanged(
  way: Way,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  waitSeconds: number,
): Promise<Answer | undefined> {
  refuse(way.upstream, "wait");
  const wishes = wishesOf(request.raw);
  const key = `wait ${shareKey(path, wishes, request)}`;
  const leave = request.takePlace("wait");
  const endsAt = performance.now() + waitSeconds * 1000;
  try {
    for (let leftMs = waitSeconds * 1000; ; ) {
      const word = `wait=${Math.round(leftMs / 1000)}s`;
      const call = (owner: CallOwner) =>
        new Call(way.upstream, waitCall(way, request, withWord(path, word), wishes), owner);
      let isOwn = true;
      const answer = await new Promise<Answer | undefined>((answered, failed) => {
        const { draining } = request.server;
        const limitMs = leftMs + WAIT_GRACE_MS;
        const reader = new Reader(reply.raw, request.id, limitMs, { answered, failed }, draining);
        join(way, request, reader, key, { call });
        isOwn = reader.sharedWith === undefined;
      });
      leftMs = endsAt - performance.now();
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
}

function waitCall(
  { layer }: Way,
  request: FastifyRequest,
  path: string,
  wishes: Wishes,
): CallRequest {
  const proof = layer?.headers(request.caller, request.groups, request.client.address);
  const headers = upstreamHeaders(request, wishes, proof);
  const how = { method: "GET", class: "wait", isRepeatable: true } as const;
  return { ...how, path, headers, bufferBytes: SHARED_BYTES };
}

const JSON_BODY = { "content-type": "application/json" };

const kindOf = ({ class: name, isText }: Target): BodyKind => {
  if (name === "stream") return "object";
  if (name === "events") return "events";
  return isText ? "text" : "json";
};

/** Objects are as large as they are, and a POST is one client's own. */
const isShareable = ({ method = "GET", class: name, ownHeaders }: Target): boolean =>
  method === "GET" && name !== "stream" && ownHeaders === undefined;

/** An answer that nobody is to have would hold its connection for ever. */
function takePlaceOrEnd(request: FastifyRequest, kind: PlaceKind, body: Readable): () => void {
  try {
    return request.takePlace(kind);
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  target: Target,
  answer: Answer,
): void {
  const { status, headers, body } = answer;
  const isObject = target.class === "stream";
  if (!isUsable(answer, kindOf(target), request.headers)) {
    const text = body instanceof Readable ? undefined : Buffer.concat(body).toString("utf8");
    if (body instanceof Readable) body.destroy();
    const hasClientProof = target.ownHeaders !== undefined;
    const refused = awsRefusal(status, headers);
    const problem = relayedProblem({ status, headers, text }, hasClientProof);
    if (refused !== undefined) {
      const { errorType: aws_error_type, awsRequestId: aws_request_id = "none" } = refused;
      request.logFields = { ...request.logFields, aws_error_type, aws_request_id };
    }
    if (problem.code === "upstream_rejected") {
      request.logFields = { ...request.logFields, rejected_upstream: true };
    }
    reply.send(problem);
    return;
  }
  const passed = passedHeaders(headers, isObject);
  const isForOne = request.caller !== undefined || target.ownHeaders !== undefined;
  const own = isForOne ? headersForOne({ status, headers: passed }, "authorization") : passed;
  if (Array.isArray(body) && status !== 204 && status !== 304 && target.method !== "HEAD") {
    sendParts(reply, status, own, body);
    return;
  }
  reply.code(status).headers(own);
  if (status === 304) {
    removeAnswerHeader(request, "cache-control"); // but for what it says itself
    reply.send();
    return;
  }
  const length = headers["content-length"];
  if (length !== undefined) reply.header("content-length", length);
  if (!(body instanceof Readable)) {
    reply.send();
    return;
  }
  if (target.class === "follow" || target.class === "events") {
    body.once("close", takePlaceOrEnd(request, target.class, body));
    // a part of an event at the end is none to whoever reads it, and is sent again
    sendFlowing(reply, body, target.class === "events" ? "" : undefined);
    return;
  }
  body.once("error", (error) => {
    // the head has been sent: what is left is to say whose doing it was
    if (error instanceof CallError || error instanceof DeadlineError) {
      request.brokenStatus = upstreamProblem(error).status;
    }
  });
  reply.send(body);
}
