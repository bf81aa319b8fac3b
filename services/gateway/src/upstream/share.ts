/** A share: who waits for one call. Equal requests that overlap in time are in one; others are alone in theirs. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Answer, Call, CallOwner } from "./call.ts";
import { type CallError, ClientLeftError, DeadlineError } from "./failures.ts";

/** Makes the call for a share. */
export type Begin = (owner: CallOwner) => Call;

export interface ReaderOptions {
  readonly requestId: string;
  /** Undefined means for as long as it takes. */
  readonly limitMs: number | undefined;
  /** Ends the reader's time too. */
  readonly until?: AbortSignal;
}

/** Nothing is kept once a call has ended: this is no cache. */
export class Shares {
  readonly #shares = new Map<string, Share>();

  /**
   * Joins the share of this key, or begins one. The last reader to leave ends the call.
   *
   * @param key names everything that the answer depends on; undefined is a share of one's own.
   */
  join(reader: Reader, key: string | undefined, begin: Begin): void {
    if (reader.endEarly()) return;
    const running = key === undefined ? undefined : this.#shares.get(key);
    if (running) {
      running.add(reader);
      return;
    }
    const share = new Share(reader.requestId, () => {
      if (key !== undefined && this.#shares.get(key) === share) this.#shares.delete(key);
    });
    share.add(reader);
    if (key !== undefined) this.#shares.set(key, share);
    share.begin(begin);
  }
}

class Share implements CallOwner {
  /** Under which the upstream is called. */
  readonly requestId: string;
  readonly #forget: () => void;
  readonly #readers = new Set<Reader>();
  #call: Call | undefined;

  constructor(requestId: string, forget: () => void) {
    this.requestId = requestId;
    this.#forget = forget;
  }

  begin(begin: Begin): void {
    this.#call = begin(this);
  }

  add(reader: Reader): void {
    this.#readers.add(reader);
    reader.share = this;
  }

  /** @param reason why: its time is up, or it has gone. */
  leave(reader: Reader, reason: Error): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#forget();
    this.#call?.abort(reason);
  }

  answered(answer: Answer): void {
    this.#forget();
    const { body } = answer;
    if (!(body instanceof Readable)) {
      this.#call = undefined;
      for (const reader of this.#readers) reader.answered(answer);
      return;
    }
    // a stream can be read once: whoever has waited longest has it, and the others ask for themselves
    const [first, ...others] = this.#readers;
    for (const reader of others) {
      this.#readers.delete(reader);
      reader.answered(undefined);
    }
    first?.streams(answer, body);
  }

  failed(error: CallError): void {
    this.#call = undefined;
    this.#forget();
    for (const reader of this.#readers) {
      // that the client who began it has too much under way is not the others' doing: they ask for themselves
      if (error.failure === "greedy" && reader.sharedWith !== undefined) reader.answered(undefined);
      else reader.failed(error);
    }
  }
}

/**
 * One client that waits for one answer: for so long, and only while it is there. A streamed body is
 * part of the answer, and is destroyed when the time is up.
 */
export class Reader {
  readonly requestId: string;
  /**
   * Undefined when it is time to ask for oneself: the answer is too large to share and somebody else
   * has it, or who began the call has too much under way. Rejects with
   * DeadlineError, ClientLeftError, or the call's CallError.
   */
  readonly answer: Promise<Answer | undefined>;
  share: Share | undefined;
  readonly #client: ServerResponse;
  readonly #until: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #resolve!: (answer: Answer | undefined) => void;
  #reject!: (error: Error) => void;
  readonly #onClose = () => this.#leave(new ClientLeftError());
  readonly #onAbort = () => this.timeUp();

  constructor(client: ServerResponse, { requestId, limitMs, until }: ReaderOptions) {
    this.requestId = requestId;
    this.#client = client;
    this.#until = until;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (limitMs !== undefined) this.#timer = setTimeout(onTimeUp, limitMs, this);
    client.on("close", this.#onClose);
    until?.addEventListener("abort", this.#onAbort);
  }

  /** Under which request id the upstream was called, when that was another reader's. */
  get sharedWith(): string | undefined {
    const id = this.share?.requestId;
    return id === this.requestId ? undefined : id;
  }

  /** @returns whether there is nothing to wait for: the client has gone, or nobody may wait any more. */
  endEarly(): boolean {
    if (this.#client.destroyed) this.#leave(new ClientLeftError());
    else if (this.#until?.aborted) this.timeUp();
    else return false;
    return true;
  }

  timeUp(): void {
    this.#leave(new DeadlineError());
  }

  answered(answer: Answer | undefined): void {
    this.#end();
    this.#resolve(answer);
  }

  /** The first part of a body that goes on: so does the time. */
  streams(answer: Answer, body: Readable): void {
    body.once("close", () => this.#end());
    this.#resolve(answer);
  }

  failed(error: Error): void {
    this.#end();
    this.#reject(error);
  }

  #leave(reason: Error): void {
    this.#end();
    this.#reject(reason); // nothing happens when a streamed answer is there already
    this.share?.leave(this, reason);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#client.off("close", this.#onClose);
    this.#until?.removeEventListener("abort", this.#onAbort);
  }
}

// one function for all readers, not a closure for each
const onTimeUp = (reader: Reader) => reader.timeUp();
