/** Fetches under way: all who want the same share one, and it goes on when they leave. */
import { withDeadline } from "../deadline.ts";

interface Flight<T> {
  readonly result: Promise<T>;
  isOutdated: boolean;
}

export class Flights<T> {
  readonly #byKey = new Map<string, Flight<T>>();

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /**
   * The one under way, or a new one.
   *
   * @param fetch may ask, once it has an answer, whether AWS is known to have another one by now.
   */
  join<U extends T>(key: string, fetch: (isOutdated: () => boolean) => Promise<U>): Promise<U> {
    const running = this.#byKey.get(key);
    if (running) return running.result as Promise<U>;
    const land = () => {
      if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
    };
    const result = fetch(() => flight.isOutdated).finally(land);
    const flight: Flight<T> = { result, isOutdated: false };
    this.#byKey.set(key, flight);
    return result;
  }

  /** AWS has another value than the one under way will bring: the next reader asks anew. */
  outdate(key: string): void {
    const flight = this.#byKey.get(key);
    if (!flight) return;
    flight.isOutdated = true;
    this.#byKey.delete(key);
  }
}

/** Waits for what others may wait for too. @throws DeadlineExceededError */
export function waitFor<T>(
  result: Promise<T>,
  limitMs: number,
  reader: AbortSignal | undefined,
): Promise<T> {
  return withDeadline(limitMs, reader, (signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    result.then(resolve, reject);
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    return promise;
  });
}
