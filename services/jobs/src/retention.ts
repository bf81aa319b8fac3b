/** Forgets what nobody needs any more, in passing: beside the requests, a little at a time. */
import type { Logger } from "@airlock/http";
import { forgetSome, type Retention, type Store } from "@airlock/jobs-store";

export interface Forgetting {
  /** Call it as often as you like, such as for each request. */
  inPassing(): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** So often, at most, is it looked whether there is something. */
const PERIOD_MS = 10_000;
/** While there is more than one step takes. */
const HURRY_MS = 1000;
const STEP_ROWS = 500;

export function createForgetting(store: Store, retention: Retention, log: Logger): Forgetting {
  let nextAt = Number.NEGATIVE_INFINITY;
  let step: Promise<void> = Promise.resolve();
  let isStopped = false;

  const run = async (): Promise<void> => {
    try {
      const most = await forgetSome(store.pool, retention, STEP_ROWS);
      if (most >= STEP_ROWS) nextAt = performance.now() + HURRY_MS;
    } catch (error) {
      // what is left will be there the next time
      log.debug({ error }, "some old rows were not forgotten");
    }
  };
  return {
    inPassing() {
      if (isStopped || performance.now() < nextAt) return;
      nextAt = performance.now() + PERIOD_MS;
      step = run();
    },
    stop() {
      isStopped = true;
      return step;
    },
  };
}
