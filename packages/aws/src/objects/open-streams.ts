/** Bodies that S3 is still sending: how many there may be, and what ends one early. */
import type { IncomingMessage } from "node:http";
import { ProblemError } from "@airlock/contract";
import { MAX_STREAMS, STREAM_IDLE_MS, STREAM_STILL_MS } from "../classes.ts";
import { DeadlineExceededError } from "../deadline.ts";
import type { CallOptions } from "../reads.ts";

/** What is too late is noticed at most this fraction of its limit later. */
const LOOKS_PER_LIMIT = 4;

/** A body, from the answer to its end. */
interface Stream {
  readonly caller: string | undefined;
  readonly body: IncomingMessage;
  /** What S3 had sent when something last moved, and when that was. */
  bytesRead: number;
  movedAt: number;
  /** Since when S3 has sent nothing although all of it was taken. */
  quietSince: number;
}

export class OpenStreams {
  readonly #max: number;
  readonly #idleMs: number;
  readonly #stillMs: number;
  readonly #streams = new Set<Stream>();
  #opening = 0;
  #sweep: NodeJS.Timeout | undefined;

  /**
   * @param idleMs how long S3 may send nothing while the reader has taken all it sent.
   * @param stillMs a stream that has not moved for so long gives way when all places are taken.
   */
  constructor({ max = MAX_STREAMS, idleMs = STREAM_IDLE_MS, stillMs = STREAM_STILL_MS } = {}) {
    this.#max = max;
    this.#idleMs = idleMs;
    this.#stillMs = stillMs;
  }

  get open(): number {
    return this.#opening + this.#streams.size;
  }

  /**
   * Holds a place from the call to the end of the body that it answers with, if any.
   *
   * The body is destroyed, and with it the connection to S3, when the client goes, when S3 falls silent,
   * and when its place is needed while its reader takes nothing.
   *
   * @throws ProblemError overloaded when all places are taken by what moves; otherwise what `call` threw.
   */
  async hold<T extends { readonly body: IncomingMessage | null }>(
    { signal, caller }: CallOptions,
    call: () => Promise<T>,
  ): Promise<T> {
    if (this.open >= this.#max && !this.#endOneFor(caller)) throw overloaded();
    this.#opening++;
    try {
      const answer = await call();
      if (answer.body) this.#watch(answer.body, signal, caller);
      return answer;
    } finally {
      this.#opening--;
    }
  }

  #watch(body: IncomingMessage, signal: AbortSignal | undefined, caller: string | undefined): void {
    const now = performance.now();
    const { bytesRead } = body.socket;
    const stream: Stream = { caller, body, bytesRead, movedAt: now, quietSince: now };
    this.#streams.add(stream);
    const everyMs = Math.min(this.#idleMs, this.#stillMs) / LOOKS_PER_LIMIT;
    this.#sweep ??= setInterval(() => this.#endIdle(), everyMs).unref();
    const onAbort = () => body.destroy();
    signal?.addEventListener("abort", onAbort, { once: true });
    const onClose = () => {
      signal?.removeEventListener("abort", onAbort);
      this.#remove(stream);
    };
    if (body.closed) onClose();
    else body.once("close", onClose);
    if (signal?.aborted) onAbort();
  }

  #remove(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #endIdle(): void {
    const now = performance.now();
    for (const stream of this.#streams) {
      look(stream, now);
      if (now - stream.quietSince < this.#idleMs) continue;
      stream.body.destroy(new DeadlineExceededError(this.#idleMs));
    }
  }

  /**
   * Ends what has stood still longest, of the caller who has most open: never of one who has less than
   * whoever asks. @returns whether there was one.
   */
  #endOneFor(caller: string | undefined): boolean {
    const now = performance.now();
    const openOf = new Map<string | undefined, number>();
    for (const one of this.#streams) openOf.set(one.caller, (openOf.get(one.caller) ?? 0) + 1);
    const least = openOf.get(caller) ?? 0;
    let victim: Stream | undefined;
    let most = 0;
    for (const one of this.#streams) {
      look(one, now);
      const open = openOf.get(one.caller) ?? 0;
      if (now - one.movedAt < this.#stillMs || open < Math.max(least, most)) continue;
      if (victim && open === most && victim.movedAt <= one.movedAt) continue;
      victim = one;
      most = open;
    }
    if (!victim) return false;
    victim.body.destroy(new DeadlineExceededError(this.#stillMs));
    this.#remove(victim);
    return true;
  }
}

/**
 * Looks at the socket instead of listening for chunks: a listener would start the flow before the
 * reader is there. Time during which the reader is the slow one is not S3's.
 */
function look(stream: Stream, now: number): void {
  const { body, bytesRead } = stream;
  const hasMoved = body.socket.bytesRead !== bytesRead;
  if (hasMoved) {
    stream.bytesRead = body.socket.bytesRead;
    stream.movedAt = now;
  }
  if (hasMoved || body.readableLength > 0) stream.quietSince = now;
}

function overloaded(): ProblemError {
  return new ProblemError("overloaded", "Too many objects are being sent; try again shortly.", {
    headers: { "retry-after": "1" },
  });
}
