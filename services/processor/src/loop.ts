/** Does something again and again: at once when called for, and every so often whatever is heard. */
import type { Log } from "./log.ts";

export interface Loop {
  /** There is something to do, probably. */
  nudge(): void;
  /** Resolves when the run under way has ended; there is none after it. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** For the log. */
  readonly name: string;
  readonly periodMs: number;
  /** @returns true when there is more to do at once. */
  readonly work: () => Promise<boolean>;
  readonly log: Log;
}

/** What failed is tried again sooner than its period would have it, each time twice as late. */
const FIRST_RETRY_MS = 500;

export function startLoop({ name, periodMs, work, log }: LoopOptions): Loop {
  let isStopped = false;
  let isCalled = true;
  let wake: () => void = () => {};
  /** In a row. */
  let failures = 0;

  const pause = () =>
    new Promise<void>((resolve) => {
      const retryMs = FIRST_RETRY_MS * 2 ** (failures - 1);
      const timer = setTimeout(resolve, failures > 0 ? Math.min(retryMs, periodMs) : periodMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const once = async (): Promise<boolean> => {
    try {
      const hasMore = await work();
      if (failures > 0) log.info({ loop: name }, "it works again");
      failures = 0;
      return hasMore;
    } catch (error) {
      // told once: a database that is away is away for all of them
      if (failures === 0)
        log.warn({ loop: name, reason: wordsOf(error) }, "it failed; it is tried again");
      failures++;
      return false;
    }
  };
  const run = async () => {
    while (!isStopped) {
      isCalled = false;
      const hasMore = await once();
      if (hasMore || isStopped) continue;
      // trouble is not hurried by calls
      if (!isCalled || failures > 0) await pause();
    }
  };
  // whoever starts it is still putting together what it works with
  const running = Promise.resolve().then(run);
  return {
    nudge() {
      isCalled = true;
      if (failures === 0) wake();
    },
    stop() {
      isStopped = true;
      wake();
      return running;
    },
  };
}

export const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
