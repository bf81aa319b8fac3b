/** Single flight: equal requests that overlap in time share one call to the upstream. */
import { Readable } from "node:stream";
import type { Exchange } from "./exchange.ts";
import { ClientLeftError, type Reader } from "./reader.ts";

interface Flight {
  readonly exchange: Exchange;
  readonly requestId: string;
  readers: number;
  /** A streamed body can be read once. */
  isTaken: boolean;
  /** The whole answer is here: there is nothing left to abort. */
  isWhole: boolean;
}

/** Nothing is kept once a call has ended: this is no cache. */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  /**
   * Joins the call under way for this key, or makes one. The last reader to leave ends it.
   *
   * @param key names everything the answer depends on.
   * @param start makes the call, if none is under way.
   */
  join(key: string, requestId: string, start: () => Exchange): Reader {
    const running = this.#flights.get(key);
    const flight = running ?? this.#begin(key, requestId, start());
    flight.readers++;
    let hasLeft = false;
    return {
      sharedWith: running?.requestId,
      answer: flight.exchange.answer.then((answer) => {
        if (!(answer.body instanceof Readable)) return answer;
        if (flight.isTaken || hasLeft) return undefined;
        flight.isTaken = true;
        return answer;
      }),
      leave: (reason) => {
        if (hasLeft) return;
        hasLeft = true;
        if (--flight.readers > 0) return;
        this.#forget(key, flight);
        if (!flight.isWhole) flight.exchange.abort(reason ?? new ClientLeftError());
      },
    };
  }

  get size(): number {
    return this.#flights.size;
  }

  #begin(key: string, requestId: string, exchange: Exchange): Flight {
    const flight: Flight = { exchange, requestId, readers: 0, isTaken: false, isWhole: false };
    this.#flights.set(key, flight);
    exchange.answer.then(
      ({ body }) => {
        flight.isWhole = !(body instanceof Readable);
        this.#forget(key, flight);
      },
      () => this.#forget(key, flight),
    );
    return flight;
  }

  #forget(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
