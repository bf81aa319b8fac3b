/** The end of an answer, a body or a connection, for whoever may come after it. */

/** A response, a stream or a socket. */
interface Closing {
  readonly destroyed: boolean;
  once(event: "close", tell: () => void): unknown;
}

/**
 * Tells of the end, once: now, where it has been already. `close` comes a single time, and a client can leave
 * during any await: who then listens for it alone keeps what it holds for ever.
 */
export function whenClosed(one: Closing, tell: () => void): void {
  if (one.destroyed) tell();
  else one.once("close", tell);
}
