/**
 * Statements that are asked all the time: parsed and planned once on each connection, for which a wide
 * table takes as long as the work itself. A pooler hands a connection's statements to anybody, so behind
 * one they are sent whole, as all others are.
 */
import type pg from "pg";

const NAMED = /^\/\* prepared: ([a-z0-9_]+) \*\//;
const BACKEND = "SELECT pg_backend_pid() AS pid";

/** @param name of this text alone. */
export const prepared = (name: string, text: string): string => `/* prepared: ${name} */${text}`;

/** Connections to the server itself. */
const direct = new WeakSet<pg.ClientBase>();

/**
 * The key for cancelling a statement is the process that serves this connection; a pooler gives one of
 * its own.
 */
export async function isDirect(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>(BACKEND);
  return "processID" in client && rows[0]?.pid === client.processID;
}

/** Asks of a new connection whether it is one to the server itself; nobody waits for the answer. */
export function learnIfDirect(client: pg.ClientBase): void {
  void isDirect(client).then(
    (is) => is && direct.add(client),
    // whoever asks something on it hears of it
    () => {},
  );
}

/** The statement as this connection takes it best. */
export function queryOn(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[] | undefined,
): pg.QueryConfig {
  const name = direct.has(client) ? NAMED.exec(text)?.[1] : undefined;
  return { text, ...(values && { values: [...values] }), ...(name !== undefined && { name }) };
}
