/** A bounded queue in front of one AWS service, so that a slow one cannot take the process with it. */
import { ProblemError } from "@airlock/contract";

const MAX_RUNNING = 20;
const MAX_WAITING = 50;

interface Waiter {
  admit(): void;
}

export class Bulkhead {
  #running = 0;
  readonly #waiting = new Set<Waiter>();

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for one of the places.
   *
   * @param limitMs longest wait; a place that comes later is of no use to the client any more.
   * @returns the function that gives the place back.
   * @throws ProblemError overloaded, at once when the queue is full, else when the limit has passed;
   * what `signal` was aborted with when the client has gone.
   */
  async enter(limitMs: number, signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#running < MAX_RUNNING) this.#running++;
    else if (this.#waiting.size >= MAX_WAITING) throw overloaded();
    else await this.#wait(limitMs, signal);
    return () => this.#leave();
  }

  #wait(limitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#waiting.delete(waiter);
      };
      const onAbort = () => {
        stop();
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        admit() {
          stop();
          resolve();
        },
      };
      const timer = setTimeout(() => {
        stop();
        reject(overloaded());
      }, limitMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** A place that is given back goes to whoever waits longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next) next.admit();
    else this.#running--;
  }
}

function overloaded(): ProblemError {
  return new ProblemError("overloaded", "Too many calls to AWS are under way; try again shortly.", {
    headers: { "retry-after": "1" },
  });
}
