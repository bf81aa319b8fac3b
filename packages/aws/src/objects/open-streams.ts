/** Bodies that S3 is still sending: how many there may be, and what ends one early. */
import type { IncomingMessage } from "node:http";
import { ProblemError } from "@airlock/contract";
import { DeadlineExceededError } from "../deadline.ts";

const MAX_OPEN = 200;
const IDLE_MS = 30_000;
/** A silent S3 is noticed at most this fraction of the limit late. */
const LOOKS_PER_LIMIT = 4;

export class OpenStreams {
  readonly #max: number;
  readonly #idleMs: number;
  #open = 0;

  /** @param idleMs how long S3 may send nothing while the reader has taken all it sent. */
  constructor({ max = MAX_OPEN, idleMs = IDLE_MS } = {}) {
    this.#max = max;
    this.#idleMs = idleMs;
  }

  get open(): number {
    return this.#open;
  }

  /**
   * Holds a place from the call to the end of the body that it answers with, if any.
   *
   * The body is destroyed, and with it the connection to S3, when the client goes or S3 falls silent.
   *
   * @throws ProblemError overloaded when all places are taken; otherwise what `call` threw.
   */
  async hold<T extends { readonly body: IncomingMessage | null }>(
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
  ): Promise<T> {
    if (this.#open >= this.#max) throw overloaded();
    this.#open++;
    let body: IncomingMessage | null = null;
    try {
      const answer = await call();
      body = answer.body;
      return answer;
    } finally {
      if (body === null) this.#open--;
      else this.#watch(body, signal);
    }
  }

  #watch(body: IncomingMessage, signal: AbortSignal | undefined): void {
    const stopIdleWatch = watchIdle(body, this.#idleMs);
    const onAbort = () => body.destroy();
    signal?.addEventListener("abort", onAbort, { once: true });
    const onClose = () => {
      stopIdleWatch();
      signal?.removeEventListener("abort", onAbort);
      this.#open--;
    };
    if (body.closed) onClose();
    else body.once("close", onClose);
    if (signal?.aborted) onAbort();
  }
}

/**
 * Looks at the socket instead of listening for chunks: a listener would start the flow before the
 * reader is there. Time during which the reader is the slow one does not count.
 */
function watchIdle(body: IncomingMessage, idleMs: number): () => void {
  const { socket } = body;
  let bytesRead = socket.bytesRead;
  let quietSince = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (socket.bytesRead !== bytesRead || body.readableLength > 0) {
      bytesRead = socket.bytesRead;
      quietSince = now;
    } else if (now - quietSince >= idleMs) {
      body.destroy(new DeadlineExceededError(idleMs));
    }
  }, idleMs / LOOKS_PER_LIMIT);
  timer.unref();
  return () => clearInterval(timer);
}

function overloaded(): ProblemError {
  return new ProblemError("overloaded", "Too many objects are being sent; try again shortly.", {
    headers: { "retry-after": "1" },
  });
}
