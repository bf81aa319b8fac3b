/** Tells whoever listens that a queue has something new: after COMMIT, and not for each message. */
import type { Queryable } from "./queryable.ts";

/**
 * The NOTIFY channel of all queues; the payload is the queue's name. It says "look", no more: who
 * hears nothing finds everything by looking once a second.
 */
export const QUEUE_CHANNEL = "airlock_queue";

export interface Bell {
  ring(queue: string): void;
  stop(): void;
}

/** NOTIFY makes all commits of a server wait for each other, so it is rare. */
export const PERIOD_MS = 100;

const SQL = "SELECT pg_notify($1, $2)";

/** The first one of a while is rung at once, those that follow together, at the end of the period. */
export function createBell(db: Queryable, periodMs = PERIOD_MS): Bell {
  /** Queues that were rung for within the period; true: again since. */
  const resting = new Map<string, boolean>();
  const timers = new Set<NodeJS.Timeout>();
  let isStopped = false;

  const ringNow = (queue: string): void => {
    resting.set(queue, false);
    // a hint that is lost costs a second at most
    void db.query(SQL, [QUEUE_CHANNEL, queue]).catch(() => {});
    const timer = setTimeout(() => {
      timers.delete(timer);
      const isWanted = resting.get(queue) === true;
      resting.delete(queue);
      if (isWanted) ringNow(queue);
    }, periodMs).unref();
    timers.add(timer);
  };
  return {
    ring(queue) {
      if (isStopped) return;
      if (resting.has(queue)) resting.set(queue, true);
      else ringNow(queue);
    },
    stop() {
      isStopped = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
