/** A share: who waits for one call. Equal requests that overlap in time are in one; others are alone in theirs. */
import { randomInt } from "node:crypto";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import type { Answer, Call, CallOwner, Upstream } from "./call.ts";
import { type CallError, ClientLeftError, DeadlineError } from "./failures.ts";

/** Bodies up to this size are shared by all who wait for them. */
export const SHARED_BYTES = 1_048_576;

/** A power of two, about as many as there are calls at once. */
const ROWS = 256;
/** Nobody outside knows which keys come out alike: who did could put all of theirs into one row. */
const SEED = randomInt(2 ** 32);
/** http://www.isthe.com/chongo/tech/comp/fnv/ (FNV-1a, 32 bits) */
const FNV_PRIME = 16_777_619;

/** Makes the call for a share. */
export interface Caller {
  call(owner: CallOwner): Call;
}

/** Whom a reader tells how it ended, once. */
export interface Listener {
  /**
   * Undefined when it is time to ask for oneself: the answer is too large to share and somebody else
   * has it, or who began the call has too much under way.
   */
  answered(answer: Answer | undefined): void;
  /** With DeadlineError, ClientLeftError, or the call's CallError. */
  failed(error: Error): void;
}

/**
 * The shares under way. Nothing is kept once a call has ended: this is no cache.
 *
 * Rows, and no Map: V8 makes the table of a Map anew when entries have come and gone, and the old one
 * knows the next, so that each key and share that was ever in it would stay in memory until the next full
 * collection.
 */
export class Shares {
  readonly #rows: Share[][] = Array.from({ length: ROWS }, () => []);

  /**
   * Joins the share of this key, or begins one. The last reader to leave ends the call.
   *
   * @param key names everything that the answer depends on; undefined is a share of one's own.
   */
  join(reader: Reader, key: string | undefined, caller: Caller): void {
    if (reader.endEarly()) return;
    const sum = key === undefined ? 0 : sumOf(key);
    const row = key === undefined ? undefined : this.#rows[(sum ^ (sum >>> 16)) & (ROWS - 1)];
    // keys may be long, and are compared only where it is nearly certain that they are the same
    const running = row?.find((one) => one.sum === sum && one.key === key);
    if (running) {
      running.add(reader);
      reader.sharedWith = running.requestId;
      return;
    }
    const share = new Share(reader.requestId, { key, sum, row });
    share.add(reader);
    row?.push(share);
    share.begin(caller);
  }
}

function sumOf(key: string): number {
  let sum = SEED;
  for (let index = 0; index < key.length; index++) {
    sum = Math.imul(sum ^ key.charCodeAt(index), FNV_PRIME);
  }
  return sum;
}

/** Where others find a share while it is under way: nowhere, if it has no key. */
interface Found {
  readonly key: string | undefined;
  readonly sum: number;
  readonly row: Share[] | undefined;
}

/** Joins whoever asks the same; the log and a metric tell. */
export function joinOthers(
  { shares, upstream }: { readonly shares: Shares; readonly upstream: Upstream },
  request: FastifyRequest,
  reader: Reader,
  key: string,
  caller: Caller,
): void {
  shares.join(reader, key, caller);
  const { sharedWith } = reader;
  if (sharedWith === undefined) return;
  request.sharedWith = sharedWith;
  upstream.counts.shared();
}

class Share implements CallOwner {
  /** Under which the upstream is called. */
  readonly requestId: string;
  readonly key: string | undefined;
  readonly sum: number;
  readonly #row: Share[] | undefined;
  #readers: Reader[] = [];
  #call: Call | undefined;

  constructor(requestId: string, { key, sum, row }: Found) {
    this.requestId = requestId;
    this.key = key;
    this.sum = sum;
    this.#row = row;
  }

  begin(caller: Caller): void {
    this.#call = caller.call(this);
  }

  add(reader: Reader): void {
    this.#readers.push(reader);
    reader.share = this;
  }

  /** @param reason why: its time is up, or it has gone. */
  leave(reader: Reader, reason: Error): void {
    const index = this.#readers.indexOf(reader);
    if (index >= 0) this.#readers.splice(index, 1);
    if (this.#readers.length > 0) return;
    this.#forget();
    this.#call?.abort(reason);
  }

  answered(answer: Answer): void {
    this.#forget();
    const { body } = answer;
    if (!(body instanceof Readable)) {
      for (const reader of this.#end()) reader.answered(answer);
      return;
    }
    // a stream can be read once: whoever has waited longest has it, and the others ask for themselves
    const [first, ...others] = this.#readers;
    this.#readers = first ? [first] : [];
    first?.streams(answer, body);
    for (const reader of others) reader.answered(undefined);
  }

  failed(error: CallError): void {
    this.#forget();
    for (const reader of this.#end()) {
      // that the client who began it has too much under way is not the others' doing: they ask for themselves
      if (error.failure === "greedy" && reader.sharedWith !== undefined) reader.answered(undefined);
      else reader.failed(error);
    }
  }

  /** @returns who has waited, and is waited for no more: whoever still holds this share holds no request by it. */
  #end(): readonly Reader[] {
    const readers = this.#readers;
    this.#readers = [];
    this.#call = undefined;
    return readers;
  }

  #forget(): void {
    const index = this.#row?.indexOf(this) ?? -1;
    if (index >= 0) this.#row?.splice(index, 1);
  }
}

/** Who waits for the answer that goes to a client: kept on its response, so that all have one listener. */
const READER = Symbol("reader");
type Client = ServerResponse & { [READER]?: Reader | undefined };

function onClientClose(this: Client): void {
  this[READER]?.clientLeft();
}

/**
 * One client that waits for one answer: for so long, and only while it is there. A streamed body is
 * part of the answer, and is destroyed when the time is up.
 */
export class Reader {
  readonly requestId: string;
  share: Share | undefined;
  /** Under which request id the upstream was called, when another reader began that; it may be the same. */
  sharedWith: string | undefined;
  readonly #client: Client;
  readonly #listener: Listener;
  readonly #until: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  /** It has been answered, and goes on. */
  #isStreaming = false;

  /**
   * @param client at most one of its readers is not over.
   * @param limitMs undefined means for as long as it takes.
   * @param until ends the reader's time too.
   */
  constructor(
    client: Client,
    requestId: string,
    limitMs: number | undefined,
    listener: Listener,
    until?: AbortSignal,
  ) {
    this.requestId = requestId;
    this.#client = client;
    this.#listener = listener;
    this.#until = until;
    if (limitMs !== undefined) this.#timer = setTimeout(onTimeUp, limitMs, this);
    if (!(READER in client)) client.on("close", onClientClose);
    client[READER] = this;
    if (until === undefined) return;
    this.#onAbort = () => this.timeUp();
    until.addEventListener("abort", this.#onAbort);
  }

  /** @returns whether there is nothing to wait for: the client has gone, or nobody may wait any more. */
  endEarly(): boolean {
    if (this.#client.destroyed) this.clientLeft();
    else if (this.#until?.aborted) this.timeUp();
    else return false;
    return true;
  }

  timeUp(): void {
    this.#leave(new DeadlineError());
  }

  clientLeft(): void {
    this.#leave(new ClientLeftError());
  }

  answered(answer: Answer | undefined): void {
    this.#end();
    this.#listener.answered(answer);
  }

  /** The first part of a body that goes on: so does the time. */
  streams(answer: Answer, body: Readable): void {
    this.#isStreaming = true;
    body.once("close", () => this.#end());
    this.#listener.answered(answer);
  }

  failed(error: Error): void {
    this.#end();
    if (!this.#isStreaming) this.#listener.failed(error);
  }

  #leave(reason: Error): void {
    this.share?.leave(this, reason);
    this.failed(reason);
  }

  #end(): void {
    clearTimeout(this.#timer);
    if (this.#client[READER] === this) this.#client[READER] = undefined;
    if (this.#onAbort) this.#until?.removeEventListener("abort", this.#onAbort);
  }
}

// one function for all readers, not a closure for each
const onTimeUp = (reader: Reader) => reader.timeUp();
