/** Tells whoever follows jobs that something happened to them: after COMMIT, of many jobs at once. */
import { PERIOD_MS } from "./bell.ts";
import type { Queryable } from "./queryable.ts";

/**
 * The NOTIFY channel of jobs; the payload is their ids, by comma, or nothing: then it may be any of
 * them. As with queues it says "look", no more.
 */
export const JOB_CHANNEL = "airlock_jobs";

export interface JobBell {
  ring(jobIds: Iterable<string>): void;
  stop(): void;
}

/** A payload may have 8000 bytes, an id 64. */
const MOST_IDS = 100;

const SQL = "SELECT pg_notify($1, $2)";

/** The first ones of a while are told at once, those that follow together, at the end of the period. */
export function createJobBell(db: Queryable, periodMs = PERIOD_MS): JobBell {
  let waiting = new Set<string>();
  let resting: NodeJS.Timeout | undefined;
  let isStopped = false;

  const tell = (): void => {
    const ids = waiting;
    waiting = new Set();
    // a hint that is lost costs a second at most
    const words = ids.size > MOST_IDS ? "" : [...ids].join(",");
    void db.query(SQL, [JOB_CHANNEL, words]).catch(() => {});
    resting = setTimeout(() => {
      resting = undefined;
      if (waiting.size > 0) tell();
    }, periodMs).unref();
  };
  return {
    ring(jobIds) {
      if (isStopped) return;
      for (const id of jobIds) waiting.add(id);
      if (resting === undefined && waiting.size > 0) tell();
    },
    stop() {
      isStopped = true;
      clearTimeout(resting);
    },
  };
}
