/** Waits for a database that is not there yet, or that is too busy to be changed. */
import { setTimeout as delay } from "node:timers/promises";
import type { StoreLog } from "./log.ts";
import { toStoreError } from "./store-error.ts";

export interface WaitOptions {
  readonly log: StoreLog;
  /** Given up after so long, all pauses together. */
  readonly limitMs?: number;
  readonly pause?: (ms: number) => Promise<unknown>;
}

const LIMIT_MS = 600_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/** Connection lost, too few resources, an operator's intervention, deadlock, no lock in time. */
const PASSING_STATES = /^(08|53|57|40|55P03)/;
const PASSING_CODES = /^(ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENET|EAI_AGAIN$|ENOTFOUND$)/;
/** The driver's own words, which have no code. */
const PASSING_WORDS = /^(timeout expired|Connection terminated)/;

/**
 * Runs `migrate` until it ends. A container that ended instead would be started again after pauses
 * of up to five minutes, long after its database is back.
 *
 * @throws what `migrate` threw, at once when waiting would not help: a login or a certificate that
 * is refused, SQL that is wrong.
 */
export async function migrateWhenReachable<Result>(
  migrate: () => Promise<Result>,
  { log, limitMs = LIMIT_MS, pause = delay }: WaitOptions,
): Promise<Result> {
  let waitedMs = 0;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await migrate();
    } catch (error) {
      if (!isPassing(error) || waitedMs + pauseMs > limitMs) throw error;
      const reason = toStoreError(error).message;
      log.warn({ reason }, `cannot migrate yet, next try in ${pauseMs / 1000} s`);
      await pause(pauseMs);
      waitedMs += pauseMs;
    }
  }
}

function isPassing(error: unknown): boolean {
  const { sqlState } = toStoreError(error);
  if (sqlState !== undefined) return PASSING_STATES.test(sqlState);
  const { code, message } = error as { code?: unknown; message?: unknown };
  return PASSING_CODES.test(String(code)) || PASSING_WORDS.test(String(message));
}
