/** One client waiting for an answer: for so long, and only while it is there. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Answer, Exchange } from "./exchange.ts";

export interface Reader {
  /** Undefined when a shared answer is too large to share and somebody else has it. */
  readonly answer: Promise<Answer | undefined>;
  /** Under which request id the upstream was called, when that was another reader's. */
  readonly sharedWith: string | undefined;
  /** @param reason why, when the reader does not wait any longer: its time is up, or it has gone. */
  leave(reason?: Error): void;
}

export class ReaderDeadlineError extends Error {
  constructor() {
    super("no whole answer in the reader's time");
    this.name = "ReaderDeadlineError";
  }
}

export class ClientLeftError extends Error {
  constructor() {
    super("the client left");
    this.name = "ClientLeftError";
  }
}

/** The only reader of a call of its own. */
export function alone(exchange: Exchange): Reader {
  let isWhole = false;
  const answer = exchange.answer.then((one) => {
    isWhole = !(one.body instanceof Readable);
    return one;
  });
  return {
    answer,
    sharedWith: undefined,
    leave(reason) {
      if (!isWhole) exchange.abort(reason ?? new ClientLeftError());
    },
  };
}

export interface ReadLimits {
  /** Undefined means for as long as it takes. */
  readonly limitMs: number | undefined;
  /** Ends the reader's time too. */
  readonly until?: AbortSignal;
}

/**
 * Waits for the answer, leaving when the time is up or the client's connection closes. The limit
 * goes on for a streamed body: its stream is destroyed when the time is up.
 *
 * @throws ReaderDeadlineError, ClientLeftError, or what the exchange rejects with.
 */
export function readWithin(
  reader: Reader,
  client: ServerResponse,
  { limitMs, until }: ReadLimits,
): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const end = (reason?: Error) => {
      clearTimeout(timer);
      client.off("close", onClose);
      until?.removeEventListener("abort", onTimeUp);
      reader.leave(reason);
    };
    const onTimeUp = () => {
      const timeUp = new ReaderDeadlineError();
      reject(timeUp);
      end(timeUp);
    };
    const onClose = () => {
      // the common case makes no error: its stack costs more than all else here
      if (!isAnswered) reject(new ClientLeftError());
      end();
    };
    const timer = limitMs === undefined ? undefined : setTimeout(onTimeUp, limitMs);
    if (client.destroyed) onClose();
    else if (until?.aborted) onTimeUp();
    else {
      client.on("close", onClose);
      until?.addEventListener("abort", onTimeUp);
    }
    reader.answer.then(
      (answer) => {
        isAnswered = true;
        resolve(answer);
        if (!(answer?.body instanceof Readable)) end();
      },
      (error: Error) => {
        reject(error);
        end();
      },
    );
  });
}
