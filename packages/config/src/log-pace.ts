/** How often the log hears of trouble that goes on. */

const LOG_EVERY_MS = 30_000;

/**
 * Of failures that follow each other the first is logged, then one in half a minute.
 *
 * @param nowMs never goes backwards.
 * @returns a function that takes whether this failure is the first, and tells whether to log it.
 */
export function createLogPace(nowMs = () => performance.now()): (isFirst: boolean) => boolean {
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  return (isFirst) => {
    const atMs = nowMs();
    if (!isFirst && atMs - loggedAtMs < LOG_EVERY_MS) return false;
    loggedAtMs = atMs;
    return true;
  };
}
