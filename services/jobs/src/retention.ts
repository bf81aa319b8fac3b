/** Forgets what nobody needs any more, a little at a time, by one pod of all. */
import { randomUUID } from "node:crypto";
import type { Logger } from "@airlock/http";
import { claimDuty, finishDuty, forgetSome, type Retention, type Store } from "@airlock/jobs-store";

export interface Forgetting {
  /** By a clock: beside requests, a quiet hour would look as if nobody did it. */
  start(): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** As it is called among the duties, which say when it was last done. */
export const RETENTION_DUTY = "retention";
/** So often, at most, it is looked whether there is something. */
const PERIOD_SECONDS = 10;
/** So often, at most, this pod asks whether it is due. */
const ASK_MS = 5000;
/** While there is more than one step takes. */
const HURRY_MS = 1000;
const STEP_ROWS = 500;
/** Longer than its statements may take together: another pod begins it anew then. */
const LEASE_SECONDS = 60;

/** @param askMs how often this pod asks whether it is due; unset, what is promised. */
export function createForgetting(
  store: Pick<Store, "pool">,
  retention: Retention,
  log: Pick<Logger, "debug">,
  askMs = ASK_MS,
): Forgetting {
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  let isStopped = false;
  /** There is more, so this pod goes on whether it is due or not. */
  let isHurrying = false;

  const forget = async (): Promise<string | undefined> => {
    try {
      isHurrying = (await forgetSome(store.pool, retention, STEP_ROWS)) >= STEP_ROWS;
      return undefined;
    } catch (error) {
      // what is left will be there the next time
      log.debug({ error }, "some old rows were not forgotten");
      isHurrying = false;
      return error instanceof Error ? error.message : String(error);
    }
  };
  const run = async (): Promise<void> => {
    if (isHurrying) return void (await forget());
    const about = { name: RETENTION_DUTY, lease: randomUUID() };
    const args = { ...about, periodSeconds: PERIOD_SECONDS, leaseSeconds: LEASE_SECONDS };
    if (!(await claimDuty(store.pool, args))) return;
    const fault = await forget();
    await finishDuty(store.pool, { ...about, ...(fault !== undefined && { fault }) });
  };
  const begin = (): void => {
    turn = run()
      // a database that is away is told of elsewhere
      .catch((error: unknown) => log.debug({ error }, "nothing was forgotten"))
      .then(() => {
        if (!isStopped) timer = setTimeout(begin, isHurrying ? HURRY_MS : askMs).unref();
      });
  };
  return {
    start: begin,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      return turn;
    },
  };
}
