/** One HTTP exchange with an upstream: bytes in, bytes out, small bodies as one buffer. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** A whole body, empty for HEAD, or a stream when it is larger than the exchange's buffer. */
  readonly body: Buffer | Readable;
}

export interface Exchange {
  /** Rejects with what undici reports, or with the reason given to `abort`. */
  readonly answer: Promise<Answer>;
  /** Ends the exchange and its connection; a streaming body is destroyed. */
  abort(reason: Error): void;
  /** Whether it was ended by `abort` rather than by the upstream. */
  wasAborted(): boolean;
}

/** No response header arrived within the limit. */
export class HeadersTooLateError extends Error {
  constructor(limitMs: number) {
    super(`no response header within ${limitMs} ms`);
    this.name = "HeadersTooLateError";
  }
}

/** The request found no connection: nothing was sent, and nothing is known of the upstream. */
export class NoConnectionFreeError extends Error {
  constructor(limitMs: number) {
    super(`no connection was free within ${limitMs} ms`);
    this.name = "NoConnectionFreeError";
  }
}

/** The connection failed in the middle of an answer. */
export class AnswerBrokenError extends Error {
  constructor(cause: Error) {
    super("the answer broke off", { cause });
    this.name = "AnswerBrokenError";
  }
}

/** The answer would end with its connection: nobody could tell a part of it from the whole. */
export class EndlessAnswerError extends Error {
  constructor() {
    super("an answer without a length that is not chunked");
    this.name = "EndlessAnswerError";
  }
}

export type Method = "GET" | "HEAD" | "POST" | "DELETE";

export interface ExchangeOptions {
  readonly method: Method;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | undefined;
  /** Bodies up to this many bytes are collected, larger ones are streamed. */
  readonly bufferBytes: number;
  /** From sending the request to the first header of the answer. */
  readonly headersLimitMs: number;
  /** Before that: waiting for a connection. */
  readonly queueLimitMs: number;
  /** Counts the exchanges that wait for a connection. */
  readonly queue: { length: number };
}

export function exchange(dispatcher: Dispatcher, options: ExchangeOptions): Exchange {
  return new DispatchHandler(dispatcher, options);
}

/**
 * Collecting a small body and ending the reply with one buffer is twice as fast as piping it. A
 * large body goes on chunk by chunk: the connection is paused while the client is slow, and
 * destroying the stream (which Fastify does when its client leaves) aborts the exchange.
 */
class DispatchHandler implements Exchange, Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  readonly #isHead: boolean;
  readonly #bufferBytes: number;
  readonly #headersLimitMs: number;
  readonly #queue: { length: number };
  #isQueued = true;
  #timer: NodeJS.Timeout;
  #hasHeaders = false;
  #resolve!: (answer: Answer) => void;
  #reject!: (error: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #abortReason: Error | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  /** Room for the whole body, when its length is known and small enough. */
  #whole: Buffer | undefined;
  #chunks: Buffer[] = [];
  #size = 0;
  #stream: Readable | undefined;

  constructor(dispatcher: Dispatcher, options: ExchangeOptions) {
    const { method, path, headers, body, headersLimitMs, queueLimitMs, queue } = options;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#isHead = method === "HEAD";
    this.#bufferBytes = options.bufferBytes;
    this.#headersLimitMs = headersLimitMs;
    this.#queue = queue;
    queue.length++;
    this.#timer = setTimeout(
      () => this.abort(new NoConnectionFreeError(queueLimitMs)),
      queueLimitMs,
    );
    // after HEAD undici would end the connection, for servers that send a body all the same
    const reset = this.#isHead ? { reset: false } : undefined;
    dispatcher.dispatch({ method, path, headers, body: body ?? null, ...reset }, this);
  }

  abort(reason: Error): void {
    if (this.#abortReason) return;
    this.#abortReason = reason;
    this.#leaveQueue();
    clearTimeout(this.#timer);
    this.#controller?.abort(reason);
    this.#stream?.destroy(reason);
    this.#reject(reason); // nothing happens when the answer is there already
  }

  wasAborted(): boolean {
    const reason = this.#abortReason;
    return !(
      reason === undefined ||
      reason instanceof HeadersTooLateError ||
      reason instanceof NoConnectionFreeError
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // it may have been aborted while it waited for a connection
    if (this.#abortReason) {
      controller.abort(this.#abortReason);
      return;
    }
    this.#leaveQueue();
    clearTimeout(this.#timer);
    const limitMs = this.#headersLimitMs;
    this.#timer = setTimeout(() => this.abort(new HeadersTooLateError(limitMs)), limitMs);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    clearTimeout(this.#timer);
    const isBodiless = this.#isHead || status === 204 || status === 304;
    if (!isBodiless && !hasEnd(headers)) return void controller.abort(new EndlessAnswerError());
    this.#hasHeaders = true;
    this.#status = status;
    this.#headers = headers;
    if (isBodiless) return; // their Content-Length is that of another answer
    const length = Number(headers["content-length"]);
    if (length <= this.#bufferBytes) this.#whole = Buffer.allocUnsafe(length);
    else if (length > this.#bufferBytes) this.#beginStream(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream) {
      if (!this.#stream.push(chunk)) controller.pause();
      return;
    }
    // undici's chunks may be slices of a buffer that it reads into again
    if (this.#whole) {
      this.#size += chunk.copy(this.#whole, this.#size);
      return;
    }
    this.#size += chunk.length;
    this.#chunks.push(Buffer.from(chunk));
    if (this.#size > this.#bufferBytes) this.#beginStream(controller);
  }

  onResponseEnd(): void {
    if (this.#stream) {
      this.#stream.push(null);
      return;
    }
    const body = this.#whole?.subarray(0, this.#size) ?? this.#concat();
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#leaveQueue();
    clearTimeout(this.#timer);
    this.#stream?.destroy(error);
    this.#reject(this.#hasHeaders ? new AnswerBrokenError(error) : error);
  }

  #leaveQueue(): void {
    if (this.#isQueued) this.#queue.length--;
    this.#isQueued = false;
  }

  #beginStream(controller: Dispatcher.DispatchController): void {
    const stream = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        controller.abort(error ?? new Error("the reader left"));
        done(error);
      },
    });
    this.#stream = stream;
    for (const chunk of this.#chunks) stream.push(chunk);
    this.#chunks = [];
    this.#resolve({ status: this.#status, headers: this.#headers, body: stream });
  }

  #concat(): Buffer {
    return Buffer.concat(this.#chunks, this.#size);
  }
}

/** Whether the end of a body can be known (RFC 9112 §6.3): by its length, or by its last chunk. */
function hasEnd(headers: IncomingHttpHeaders): boolean {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) return coding.toLowerCase() === "chunked";
  return headers["content-length"] !== undefined;
}
