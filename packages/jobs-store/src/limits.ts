/**
 * What a statement may take, told to the server in the BEGIN of each transaction. A limit that was
 * told to the connection would hold nothing behind a pooler, which hands a connection's settings to
 * nobody or to anybody.
 */
export interface Limits {
  readonly statementTimeoutMs: number;
  /** Default a second: who waits for a lock keeps a connection from others. */
  readonly lockTimeoutMs?: number | undefined;
}

const LOCK_TIMEOUT_MS = 1000;

/** The server's own limit comes first; the client's is for a server that fell silent. */
const SILENCE_MS = 1000;

export const silenceLimitMs = ({ statementTimeoutMs }: Limits): number =>
  statementTimeoutMs + SILENCE_MS;

/** One message, so that it costs no round trip more than BEGIN. */
export function beginWith(limits: Limits): string {
  const set = (name: string, ms: number) => `SET LOCAL ${name} = ${ms}`;
  const all = [
    set("statement_timeout", limits.statementTimeoutMs),
    set("lock_timeout", limits.lockTimeoutMs ?? LOCK_TIMEOUT_MS),
    // a process that stopped in the middle of a transaction must not keep its locks
    set("idle_in_transaction_session_timeout", silenceLimitMs(limits)),
  ];
  return ["BEGIN", ...all].join("; ");
}
