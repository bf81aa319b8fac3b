/** A call: one exchange with an upstream, sent again where that is safe, its outcome told once. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { Series } from "@airlock/http";
import { NoSessionError, type Signed, type Signing } from "@airlock/identity";
import type { Dispatcher } from "undici";
import type { Breaker, RetryBudget } from "./breaker.ts";
import { CLASSES, type ClassName, type ClassRules, type LaneName, QUEUE_MS } from "./classes.ts";
import {
  ANSWERED,
  awsRefusal,
  CallError,
  ClientLeftError,
  callError,
  crowded,
  type Failure,
  greedy,
  type Outcome,
  type Progress,
  unavailable,
} from "./failures.ts";
import type { Entrant, Lane, Place } from "./lane.ts";
import { hasEnd } from "./passing.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** A whole body in the parts that it came in, none for HEAD; a stream when it is larger than the call's buffer. */
  readonly body: readonly Buffer[] | Readable;
  /** What of its headers goes to clients, once somebody has asked: it is the same for all who share it. */
  passed?: Readonly<Record<string, string>>;
}

export type Method = "GET" | "HEAD" | "POST" | "DELETE";

export interface CallRequest {
  readonly method: Method;
  /** Built from checked parts only. */
  readonly path: string;
  /** Name, value, name, value, … */
  readonly headers: string[];
  readonly body?: string | Buffer | undefined;
  readonly class: ClassName;
  /** Bodies up to this size are collected, larger ones streamed. */
  readonly bufferBytes: number;
  /** Changes nothing, or changes it once: it may be sent again when it may have arrived. */
  readonly isRepeatable: boolean;
  /** Whose share of the places it takes; unset where that is bounded otherwise, or for everybody. */
  readonly holder?: string | undefined;
}

/** Whoever began the call: told once, unless it aborts the call. */
export interface CallOwner {
  answered(answer: Answer): void;
  failed(error: CallError): void;
}

/** What a call needs of the service that it goes to. */
export interface Upstream {
  /** Put before every path. */
  readonly prefix: string;
  readonly lanes: Readonly<Record<LaneName, Lane>>;
  readonly breaker: Breaker;
  readonly retries: RetryBudget;
  /** Each attempt is signed, whatever it is for; undefined where none is. */
  readonly signing?: Signing | undefined;
  readonly counts: {
    retried(): void;
    /** AWS, not the service behind, has refused a call. */
    refused(errorType: string): void;
    /** A request that another one's call answers. */
    shared(): void;
    /** How long calls took, in seconds, by outcome. */
    readonly calls: Readonly<Record<Outcome, Series>>;
  };
}

/** @throws ProblemError when nothing should be sent now, nor waited for. */
export function refuse({ breaker, lanes }: Upstream, name: ClassName, holder?: string): void {
  if (breaker.isOpen) throw unavailable();
  const lane = lanes[CLASSES[name].lane];
  if (lane.isFullFor(holder)) throw greedy();
  if (lane.isFull) throw crowded();
}

/**
 * Collects a small body and tells its owner once it is whole. A large body goes on part by part: the
 * connection is paused while the client is slow, and destroying the stream aborts the call.
 *
 * Sent once more when nothing can have arrived, or when the connection ended before the first byte of
 * the answer and the request is repeatable.
 */
export class Call implements Entrant, Dispatcher.DispatchHandler {
  readonly #upstream: Upstream;
  readonly #request: CallRequest;
  readonly #rules: ClassRules;
  readonly #owner: CallOwner;
  readonly #startedAt = performance.now();
  /** In the queue of its place, and then of how long it has heard nothing. */
  #timer: NodeJS.Timeout | undefined;
  /** When it was sent, or the last part of its answer came; at the end of all times while its client is slow. */
  #heardAt = 0;
  #place: Place | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  readonly #unsigned: Signed;
  /** Path and headers of the attempt under way. */
  #sent: Signed;
  #progress: Progress = "unsent";
  #wasRetried = false;
  /** How the first attempt ended, where it may have arrived all the same. */
  #lost: CallError | undefined;
  /** Its outcome has been told; what undici still says concerns its place alone. */
  #isOver = false;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #headersAt = 0;
  #parts: Buffer[] = [];
  /** So many of the parts are several that came. */
  #joined = 0;
  #size = 0;
  #stream: Readable | undefined;

  constructor(upstream: Upstream, request: CallRequest, owner: CallOwner) {
    this.#upstream = upstream;
    this.#request = request;
    this.#rules = CLASSES[request.class];
    this.#owner = owner;
    const { prefix } = upstream;
    const { path, headers } = request;
    this.#unsigned = { path: prefix === "" ? path : prefix + path, headers };
    this.#sent = this.#unsigned;
    upstream.retries.earn();
    this.#begin();
  }

  /**
   * Ends the call, for nobody waits for it any more.
   *
   * @param reason ClientLeftError, or else somebody's time is up.
   */
  abort(reason: Error): void {
    if (this.#isOver) return;
    const left = reason instanceof ClientLeftError;
    this.#over(left ? "left" : LATE[this.#progress], left ? undefined : this.#wasAnswered());
    this.#stop(reason);
  }

  get holder(): string | undefined {
    return this.#request.holder;
  }

  enter(place: Place): void {
    clearTimeout(this.#timer);
    this.#place = place;
    const { method, body } = this.#request;
    const { path, headers } = this.#sent;
    const options: Dispatcher.DispatchOptions = { method, path, headers, body: body ?? null };
    // after HEAD undici would end the connection, for servers that send a body all the same
    if (method === "HEAD") options.reset = false;
    place.client.dispatch(options, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // given up while its connection was made: thrown, for an abort would end the connection
    if (this.#isOver) throw new ClientLeftError();
    this.#controller = controller;
    this.#progress = "sent";
    this.#heardAt = performance.now();
    this.#listen(this.#rules.headersMs);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#heardAt = performance.now();
    const isBodiless = this.#request.method === "HEAD" || status === 204 || status === 304;
    if (!isBodiless && !hasEnd(headers)) {
      // it would end with its connection: nobody could tell a part of it from the whole
      this.#end(new CallError("protocol", "an answer without a length that is not chunked"));
      return;
    }
    this.#progress = "answering";
    if (this.#upstream.signing) this.#tellSigning(this.#upstream.signing, status, headers);
    this.#status = status;
    this.#headers = headers;
    if (isBodiless) return; // their length is another answer's
    const length = headers["content-length"];
    const isLarge = length !== undefined && Number(length) > this.#request.bufferBytes;
    const isFlowing = this.#rules.isFlowing && status === 200;
    if (isLarge || isFlowing) this.#pass(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, part: Buffer): void {
    this.#heardAt = performance.now();
    if (this.#stream) {
      if (!this.#stream.push(part)) this.#pause(controller);
      return;
    }
    // kept as it is: undici reads each part into memory of its own (test: lanes.test.ts)
    this.#parts.push(part);
    if (this.#parts.length - this.#joined === MOST_PARTS) this.#join();
    this.#size += part.length;
    if (this.#size > this.#request.bufferBytes) this.#pass(controller);
  }

  onResponseEnd(): void {
    this.#leave(false);
    if (this.#isOver) return;
    this.#over(ANSWERED[Math.floor(this.#status / 100)] ?? "protocol", true);
    if (this.#stream) this.#stream.push(null);
    else this.#owner.answered(this.#answer(this.#parts));
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, cause: Error): void {
    // a request that was given up before it was sent has harmed nothing
    const isUnharmed =
      this.#isOver && this.#progress === "unsent" && cause instanceof ClientLeftError;
    // undici is in the middle of ending the connection: what comes next waits until it has done so
    queueMicrotask(() => {
      this.#leave(!isUnharmed);
      if (!this.#isOver) this.#fail(callError(cause, this.#progress));
    });
  }

  #begin(): void {
    this.#progress = "unsent";
    const { lanes, signing } = this.#upstream;
    if (signing && !this.#sign(signing)) return;
    if (lanes[this.#rules.lane].enter(this)) return;
    this.#timer = setTimeout(onQueueLate, QUEUE_MS, this);
  }

  /** @returns whether there is a session to sign with; if not, its owner is told once it knows the call. */
  #sign({ sign }: Signing): boolean {
    const { method, body } = this.#request;
    try {
      this.#sent = sign({ method, body, ...this.#unsigned });
      return true;
    } catch (error) {
      if (!(error instanceof NoSessionError)) throw error;
      const failure = new CallError("credentials", error.message);
      queueMicrotask(() => {
        if (!this.#isOver) this.#end(failure);
      });
      return false;
    }
  }

  #tellSigning(signing: Signing, status: number, headers: IncomingHttpHeaders): void {
    const refused = status < 400 ? undefined : awsRefusal(status, headers);
    if (refused === undefined) {
      signing.accepted();
      return;
    }
    const { date } = headers;
    this.#upstream.counts.refused(refused.errorType);
    signing.refused(refused.errorType, date === undefined ? Number.NaN : Date.parse(date));
  }

  /** @internal */
  queueLate(): void {
    const isOwnDoing = this.#upstream.lanes[this.#rules.lane].hasShare(this.holder);
    const failure = isOwnDoing ? "greedy" : "crowded";
    this.#end(new CallError(failure, `no place was free within ${QUEUE_MS} ms`));
  }

  /** @internal */
  heardNothing(): void {
    if (this.#isOver || this.#progress === "unsent") return;
    const { headersMs } = this.#rules;
    const isAnswering = this.#progress === "answering";
    const limitMs = isAnswering ? this.#pauseMs() : headersMs;
    if (limitMs === 0) return;
    const leftMs = this.#heardAt + limitMs - performance.now();
    if (leftMs > 0) this.#listen(leftMs);
    else if (isAnswering) this.#end(new CallError("late", "the answer stopped coming"));
    else this.#end(new CallError("timeout", `no response header within ${headersMs} ms`));
  }

  /**
   * One timer for head and body, which looks again while there is time left: a whole answer has needed no
   * other. Never later than a pause of the body, which may begin at any moment.
   */
  #listen(leftMs: number): void {
    const ms = Math.min(leftMs, this.#pauseMs() || this.#upstream.lanes.value.bodyPauseMs);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onSilence, Math.ceil(ms), this);
  }

  /** What flows may be silent; an error in its place may not, and is as small as a value. */
  #pauseMs(): number {
    const { isFlowing, lane } = this.#rules;
    const isError = isFlowing && this.#progress === "answering" && !this.#stream;
    return this.#upstream.lanes[isError ? "value" : lane].bodyPauseMs;
  }

  /** Each part costs 200 bytes, however small it is. */
  #join(): void {
    this.#parts.push(Buffer.concat(this.#parts.splice(this.#joined++)));
  }

  #fail(error: CallError): void {
    const { breaker, retries, counts } = this.#upstream;
    const { failure } = error;
    if (failure === "connect" && this.#rules.tells !== "nothing") breaker.connectFailed();
    const isSafe = failure === "connect" || (failure === "reset" && this.#request.isRepeatable);
    if (isSafe && !this.#wasRetried && !breaker.isOpen && retries.spend()) {
      clearTimeout(this.#timer);
      this.#wasRetried = true;
      if (failure === "reset") this.#lost = error;
      counts.retried();
      this.#begin();
    } else {
      this.#end(error);
    }
  }

  #end(last: CallError): void {
    // that nothing was sent now does not mean that nothing has arrived
    const error = this.#progress === "unsent" ? (this.#lost ?? last) : last;
    const isUnsent = UNSENT.has(error.failure);
    this.#over(error.failure, isUnsent ? undefined : this.#wasAnswered());
    this.#stop(error);
    if (!this.#stream) this.#owner.failed(error);
  }

  /** Leaves the queue or ends the exchange, whichever it is in. */
  #stop(reason: Error): void {
    if (this.#place === undefined) this.#upstream.lanes[this.#rules.lane].leave(this);
    else this.#controller?.abort(reason);
    this.#stream?.destroy(reason);
  }

  /** @param answered whether a response header came in time; undefined says nothing of the upstream. */
  #over(outcome: Outcome, answered: boolean | undefined): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const { breaker, counts } = this.#upstream;
    const { tells, isUntimed } = this.#rules;
    const isTold = answered === true ? tells !== "nothing" : tells === undefined;
    if (isTold && answered !== undefined && this.#headersAt === 0) breaker.callEnded(answered);
    if (isUntimed) return;
    const endedAt = this.#headersAt || performance.now();
    counts.calls[outcome].observe((endedAt - this.#startedAt) / 1000);
  }

  #wasAnswered(): boolean {
    return this.#progress === "answering";
  }

  /** Gives its place back. */
  #leave(isBroken: boolean): void {
    const place = this.#place;
    if (place === undefined) return;
    this.#place = undefined;
    this.#controller = undefined;
    this.#upstream.lanes[this.#rules.lane].release(place, isBroken);
  }

  /** Too large to collect: from here on it takes as long as the client does. */
  #pass(controller: Dispatcher.DispatchController): void {
    if (this.#rules.tells !== "nothing") this.#upstream.breaker.callEnded(true);
    this.#headersAt = performance.now();
    const stream = new Readable({
      read: () => this.#resume(controller),
      destroy: (error, done) => {
        this.abort(new ClientLeftError()); // unless it is over, which then is why
        done(error);
      },
    });
    this.#stream = stream;
    for (const part of this.#parts) stream.push(part);
    this.#parts = [];
    this.#joined = 0;
    this.#owner.answered(this.#answer(stream));
  }

  /** It is the client who is waited for. */
  #pause(controller: Dispatcher.DispatchController): void {
    this.#heardAt = Number.POSITIVE_INFINITY;
    controller.pause();
  }

  #resume(controller: Dispatcher.DispatchController): void {
    this.#heardAt = performance.now();
    controller.resume();
  }

  #answer(body: Answer["body"]): Answer {
    return { status: this.#status, headers: this.#headers, body };
  }
}

/** So many parts of an answer become one. */
const MOST_PARTS = 64;

/** Nothing was sent, which says nothing of the upstream. */
const UNSENT: ReadonlySet<Failure> = new Set(["crowded", "greedy", "credentials"]);

/** What a call is whose time is up, by how far it had come: unsent, it says nothing of the upstream. */
const LATE: Readonly<Record<Progress, Outcome>> = {
  unsent: "crowded",
  sent: "timeout",
  answering: "late",
};

// one function for all calls, not a closure for each
const onQueueLate = (call: Call) => call.queueLate();
/** Timers run before what came in while the process was busy, and what is missed may be among it. */
const onSilence = (call: Call) => setImmediate(heardNothing, call);
const heardNothing = (call: Call) => call.heardNothing();
