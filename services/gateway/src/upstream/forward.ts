/** Passes one client's request to the upstream and the answer back: target, headers, share, answer. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { ProblemError } from "@airlock/contract";
import {
  headersForOne,
  type PlaceKind,
  removeAnswerHeader,
  sendFlowing,
  sendParts,
  whenClosed,
} from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Paces } from "../paces.ts";
import {
  type Answer,
  Call,
  type CallOwner,
  type CallRequest,
  type Method,
  refuse,
} from "./call.ts";
import { CLASSES, type ClassName } from "./classes.ts";
import {
  awsRefusal,
  CallError,
  ClientLeftError,
  DeadlineError,
  type Failure,
  isRouteFailure,
  relayedProblem,
  routeFailureOf,
  upstreamProblem,
} from "./failures.ts";
import {
  type BodyKind,
  isUsable,
  objectWishesOf,
  passedHeaders,
  shareKey,
  upstreamHeaders,
  type Wishes,
  wishesOf,
} from "./passing.ts";
import { type Caller, joinOthers, type Listener, Reader, SHARED_BYTES } from "./share.ts";
import type { Route, RouteFor, Witness } from "./upstream.ts";
import { LEAST_WAIT_MS, readChanged } from "./waits.ts";

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
  /** Of events that are waited for: how long the upstream was asked to hold the answer back. */
  readonly heldSeconds?: number | undefined;
}

/** Answers the request, now or later; never throws. */
export type Forward = (request: FastifyRequest, reply: FastifyReply, target: Target) => void;

/** A wait that is over so soon has not waited: the ETag is none that the upstream gives now. */
const AT_ONCE_MS = 1000;
/** With less left of its time a request does not go on by another route. */
const LEAST_LEFT_MS = 20;
/** What the upstream may take longer than it was asked to hold events back. */
const HELD_GRACE_MS = 1000;
/** All of such a wait, with a look at what there is when it is over: proxies give up 60 s after they have asked. */
const MOST_HELD_MS = 58_900;
/** Bodies up to this size go to the client in one write. */
const WHOLE_BYTES = 65_536;

/** @param routes the one there is, or what chooses between two, once for a request and all of its calls. */
export function createForward(routes: Route | RouteFor): Forward {
  const paces = new Paces();
  if (typeof routes !== "function") {
    return (request, reply, target) => new Passage(routes, paces, request, reply, target).begin();
  }
  return (request, reply, target) => {
    const route = routes(request, target.waitSeconds ? "wait" : target.class);
    new Passage(route, paces, request, reply, target).begin();
  };
}

/** One request on its way, from its target to its answer. Without promises, which every request would pay for. */
class Passage implements Listener, Caller {
  #route: Route;
  /** Hears how the call fares that this request begins; nobody once it has gone over to another route. */
  #witness: Witness | undefined;
  readonly #paces: Paces;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  #target: Target;
  readonly #wishes: Wishes;
  #startedAt = 0;
  #waitEndsAt = 0;
  /** It waits for the call that it began itself. */
  #isCaller = false;
  /** Gives back the place of a stream. */
  #leave: (() => void) | undefined;
  #bufferBytes = WHOLE_BYTES;

  constructor(
    route: Route,
    paces: Paces,
    request: FastifyRequest,
    reply: FastifyReply,
    target: Target,
  ) {
    this.#route = route;
    this.#paces = paces;
    this.#witness = route.witness;
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
        whenClosed(this.#reply.raw, this.#leave);
      }
      this.#avoidOpen();
      if (waitSeconds) void this.#wait(waitSeconds);
      else this.#read();
    } catch (error) {
      this.failed(error);
    }
  }

  call(owner: CallOwner): Call {
    this.#isCaller = true;
    const { upstream, layer } = this.#route;
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
      // its time is up, or the server closes: what there is now is an answer too
      this.#target = { ...this.#target, class: "jobs", path: path.replace(WAIT, "wait=0") };
      const leftMs = this.#startedAt + MOST_HELD_MS - performance.now();
      this.#readBy(Math.min(CLASSES.jobs.overallMs, leftMs));
      return;
    }
    if (this.#goesOn(error)) return;
    this.#leave?.();
    if (error instanceof ClientLeftError) {
      this.#reply.hijack();
      if (this.#isCaller && this.#startedAt > 0) {
        this.#witness?.left(name, performance.now() - this.#startedAt);
      }
    } else this.#reply.send(upstreamProblem(error));
  }

  #send(answer: Answer): void {
    this.#target.onAnswer?.(answer.headers);
    const problem = sendAnswer(this.#request, this.#reply, this.#target, answer);
    if (this.#witness && this.#isCaller) this.#tell(this.#witness, answer, problem);
    if (!(answer.body instanceof Readable)) this.#leave?.();
  }

  #tell(
    witness: Witness,
    { status, headers, body }: Answer,
    problem: ProblemError | undefined,
  ): void {
    const isWait = this.#startedAt === 0;
    const requestId = this.#request.id;
    if (body instanceof Readable) {
      // well begun, and badly ended
      body.once("error", (error) => {
        if (error instanceof CallError) witness.failed({ failure: error.failure, requestId });
      });
    }
    if (problem !== undefined && isRouteFailure(problem, headers)) {
      witness.failed({ failure: "answer", status, headers, requestId });
    } else {
      const name = isWait ? "wait" : this.#target.class;
      witness.succeeded(name, performance.now() - this.#startedAt);
    }
  }

  /**
   * By the other route, when this one cannot have carried anything out and there is time left; once, for
   * that one has no other.
   */
  #goesOn(error: unknown): boolean {
    const failure = routeFailureOf(error);
    if (failure === undefined) return false;
    const { instead } = this.#route;
    const isLate = (this.#leftMs() ?? LEAST_LEFT_MS) < LEAST_LEFT_MS;
    if (!instead || isLate || !mayGoOn(failure, this.#target.method, instead)) {
      if (this.#isCaller) this.#witness?.failed({ failure, requestId: this.#request.id });
      return false;
    }
    this.#turnFrom(failure);
    try {
      this.#resume();
    } catch (problem) {
      this.failed(problem);
    }
    return true;
  }

  /** Where nothing would be asked, the other route is taken at once; a wait may have seen the breaker open. */
  #avoidOpen(): void {
    if (!this.#route.instead || !this.#route.upstream.breaker.isOpen) return;
    this.#isCaller = true;
    this.#turnFrom("open");
  }

  #turnFrom(failure: Failure | "open"): void {
    const { instead } = this.#route;
    const requestId = this.#request.id;
    if (this.#isCaller) this.#witness?.failed({ failure, requestId });
    this.#witness?.fellBack({ failure, requestId });
    this.#witness = undefined;
    this.#request.logFields = { fell_back: failure };
    if (instead) this.#route = instead;
  }

  #resume(): void {
    const waitMs = this.#waitEndsAt - performance.now();
    if (waitMs > LEAST_WAIT_MS) void this.#wait(waitMs / 1000);
    else if (this.#startedAt === 0) this.#read();
    else this.#readWithin(this.#leftMs());
  }

  /** The client's time for an answer; undefined is as long as it takes. */
  #overallMs(): number | undefined {
    const { class: name, heldSeconds = 0 } = this.#target;
    return name === "eventWait" ? heldSeconds * 1000 + HELD_GRACE_MS : CLASSES[name].overallMs;
  }

  /** What is left of it. */
  #leftMs(): number | undefined {
    const overallMs = this.#overallMs();
    if (overallMs === undefined || this.#startedAt === 0) return overallMs;
    return overallMs - (performance.now() - this.#startedAt);
  }

  #read(): void {
    this.#avoidOpen();
    this.#startedAt = performance.now();
    this.#readWithin(this.#overallMs());
  }

  #readWithin(limitMs: number | undefined): void {
    refuse(this.#route.upstream, this.#target.class, this.#holder());
    if (isShareable(this.#target)) this.#readShared(limitMs);
    else this.#readBy(limitMs);
  }

  #readShared(limitMs: number | undefined): void {
    this.#bufferBytes = SHARED_BYTES;
    const reader = new Reader(this.#reply.raw, this.#request.id, limitMs, this);
    const key = shareKey(this.#target.path, this.#wishes, this.#request);
    joinOthers(this.#route, this.#request, reader, key, this);
  }

  /** A call of one's own, in what is left of the time. */
  #readAlone(): void {
    const { class: name } = this.#target;
    refuse(this.#route.upstream, name, this.#holder());
    this.#request.sharedWith = undefined;
    this.#readBy(this.#leftMs());
  }

  #readBy(limitMs: number | undefined): void {
    this.#bufferBytes = WHOLE_BYTES;
    const until = this.#target.class === "eventWait" ? this.#request.server.draining : undefined;
    const reader = new Reader(this.#reply.raw, this.#request.id, limitMs, this, until);
    this.#route.shares.join(reader, undefined, this);
  }

  /** Whose place it takes; objects have a bound of their own (see takePlace), and events that of jobs, by user. */
  #holder(): string | undefined {
    return UNSHARED.has(this.#target.class) ? undefined : this.#request.holder;
  }

  async #wait(seconds: number): Promise<void> {
    this.#waitEndsAt = performance.now() + seconds * 1000;
    const began = () => {
      this.#isCaller = true;
    };
    try {
      const startedAt = performance.now();
      const [request, reply, { path }] = [this.#request, this.#reply, this.#target];
      // without an ETag to compare with there is nothing to wait for
      const isWait = this.#wishes["if-none-match"] !== undefined;
      const changed = isWait
        ? await readChanged(this.#route, request, reply, path, seconds, began)
        : undefined;
      const isAtOnce = !isWait || (changed !== undefined && isOther(changed) && isSoon(startedAt));
      const isHeld = isAtOnce && (await this.#paces.hold(request, reply, path, seconds));
      if (changed && !isHeld) this.#send(changed);
      else this.#read();
    } catch (error) {
      this.failed(error);
    }
  }
}

const isOther = ({ status }: Answer): boolean => status !== 304;
const isSoon = (startedAt: number): boolean => performance.now() - startedAt < AT_ONCE_MS;

/** Whether what failed so by one route may be asked for by another: nothing can have been carried out. */
function mayGoOn(failure: Failure, method: Method | undefined, { upstream }: Route): boolean {
  if (failure === "connect" || failure === "credentials") return true;
  if (method !== undefined && method !== "GET" && method !== "HEAD") return false;
  // who does not answer may be at work all the same: not all of it may come a second time
  return failure === "reset" || (failure === "timeout" && upstream.retries.spend());
}

/** What takes long before its answer begins. */
const PLACES: Readonly<Partial<Record<ClassName, PlaceKind>>> = {
  stream: "stream",
  eventWait: "events",
};
const UNSHARED: ReadonlySet<ClassName> = new Set(["stream", "events", "eventWait"]);
const WAIT = /(?<=[?&])wait=\d+s?/;

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

/** @returns the problem that the client is told, where it is one. */
function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  target: Target,
  answer: Answer,
): ProblemError | undefined {
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
    return problem;
  }
  answer.passed ??= passedHeaders(headers, isObject);
  const { passed } = answer;
  const isForOne = request.caller !== undefined || target.ownHeaders !== undefined;
  const own = isForOne ? headersForOne({ status, headers: passed }, "authorization") : passed;
  if (Array.isArray(body) && status !== 204 && status !== 304 && target.method !== "HEAD") {
    sendParts(reply, status, own, body);
    return undefined;
  }
  reply.code(status).headers(own);
  if (status === 304) {
    removeAnswerHeader(request, "cache-control"); // but for what it says itself
    reply.send();
    return undefined;
  }
  const length = headers["content-length"];
  if (length !== undefined) reply.header("content-length", length);
  if (!(body instanceof Readable)) {
    reply.send();
    return undefined;
  }
  if (target.class === "follow" || target.class === "events") {
    whenClosed(body, takePlaceOrEnd(request, target.class, body));
    // a part of an event at the end is none to whoever reads it, and is sent again
    sendFlowing(reply, body, target.class === "events" ? "" : undefined);
    return undefined;
  }
  body.once("error", (error) => {
    // the head has been sent: what is left is to say whose doing it was
    if (error instanceof CallError || error instanceof DeadlineError) {
      request.brokenStatus = upstreamProblem(error).status;
    }
  });
  reply.send(body);
  return undefined;
}
