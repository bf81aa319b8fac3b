/** Clients that wait until a value changes: one call for all who wait for the same. */
import type { ServerResponse } from "node:http";
import type { Answer, Exchange } from "./exchange.ts";
import type { Flights } from "./flights.ts";
import { type Reader, ReaderDeadlineError, readWithin } from "./reader.ts";

/** What the upstream may take longer than the wait that it was asked for. */
const GRACE_MS = 500;
/** With less than this left a client is answered: the upstream waits for whole seconds. */
const LEAST_LEFT_MS = 500;

export interface Wait {
  /** Everything that the answer depends on, but not how long to wait for it. */
  readonly key: string;
  readonly requestId: string;
  readonly client: ServerResponse;
  readonly seconds: number;
  /** Aborted when nobody can be kept waiting any more. */
  readonly draining: AbortSignal;
  /** Asks the upstream to wait for so long. */
  send(seconds: number): Exchange;
  onJoined(reader: Reader): void;
}

/**
 * Waits in the call that another client began, if there is one, and in the next one when that ends
 * too early for this client, or with what concerns the other alone.
 *
 * @returns undefined when the time is up: then ask again without waiting.
 * @throws ClientLeftError, or what the exchange rejects with.
 */
export async function waitForChange(flights: Flights, wait: Wait): Promise<Answer | undefined> {
  const { key, requestId, client, draining } = wait;
  const endsAt = performance.now() + wait.seconds * 1000;
  for (let leftMs = wait.seconds * 1000; ; ) {
    const seconds = Math.round(leftMs / 1000);
    const reader = flights.join(key, requestId, () => wait.send(seconds));
    wait.onJoined(reader);
    let answer: Answer | undefined;
    try {
      answer = await readWithin(reader, client, { limitMs: leftMs + GRACE_MS, until: draining });
    } catch (error) {
      if (error instanceof ReaderDeadlineError) return undefined;
      throw error;
    }
    leftMs = endsAt - performance.now();
    const isOwn = reader.sharedWith === undefined;
    // another's time was up, or another has too many waits there
    const isOthers = answer?.status === 304 || answer?.status === 429;
    if (isOwn || !isOthers || leftMs < LEAST_LEFT_MS) return answer;
  }
}
