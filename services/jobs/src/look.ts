/** One look at what costs something, for all who want to know it at the same time. */
import { setTimeout as delay } from "node:timers/promises";

/** Of the time, looking is a tenth at most. */
const RESTS_PER_LOOK = 9;
const REST_MOST_MS = 1000;

/**
 * What is told was looked up after it was asked for, so whoever changed something sees it, whichever
 * replica they ask; who asks while a look is under way shares the next one. After each look comes a rest,
 * the longer the longer it took: many who ask all the time cost what few do.
 */
export function createLook<Seen>(see: () => Promise<Seen>): () => Promise<Seen> {
  let restsUntilMs = Number.NEGATIVE_INFINITY;
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<Seen> | undefined;

  const timed = async (): Promise<Seen> => {
    const startedAtMs = performance.now();
    try {
      return await see();
    } finally {
      const endedAtMs = performance.now();
      const restMs = Math.min(RESTS_PER_LOOK * (endedAtMs - startedAtMs), REST_MOST_MS);
      restsUntilMs = endedAtMs + restMs;
    }
  };
  const begin = async (): Promise<Seen> => {
    await last;
    const restMs = restsUntilMs - performance.now();
    if (restMs > 0) await delay(restMs);
    // from here on it is too late to share this one
    next = undefined;
    const seen = timed();
    last = seen.catch(() => {});
    return seen;
  };
  return () => {
    next ??= begin();
    return next;
  };
}
