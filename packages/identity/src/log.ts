/** What this package asks of a log, and a limiter for lines that an attacker could multiply. */

/** The part of pino's logger that is used here. */
export interface IdentityLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const WINDOW_MS = 10_000;

/**
 * Says whether a line of this kind may be written now, at most one in ten seconds per kind.
 *
 * @param nowMs milliseconds since the epoch, so that tests can pass the time.
 * @returns a function from a kind (one of a closed list, never the client's words) to the number of
 * events that the line stands for, itself included, or 0 when nothing is to be written.
 */
export function createLogLimit(nowMs: () => number): (kind: string) => number {
  const seen = new Map<string, { loggedAtMs: number; held: number }>();
  return (kind) => {
    const at = nowMs();
    const known = seen.get(kind);
    if (known && at - known.loggedAtMs < WINDOW_MS) {
      known.held++;
      return 0;
    }
    seen.set(kind, { loggedAtMs: at, held: 0 });
    return (known?.held ?? 0) + 1;
  };
}
