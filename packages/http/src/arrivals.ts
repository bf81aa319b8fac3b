/** Bodies that do not move: a client may be slow, but not silent, and not for ever. */
import type { IncomingMessage } from "node:http";
import type { App } from "./app-type.ts";

/** Told in docs/architecture.md. */
export const ARRIVAL_PACE = {
  /** So much must come … */
  bytesPerSecond: 64,
  /** … over so long. */
  patienceMs: 9000,
  sweepMs: 500,
} as const;

/** From one look that found enough to the next. */
interface Watch {
  readonly since: number;
  /** Bytes that had come on the connection by then. */
  readonly base: number;
}

/**
 * A sweep over all requests that are arriving ends those of which too little comes, as late ones. It
 * does not read: their connections count what has come, whoever takes it.
 *
 * @param clock milliseconds that never go backwards.
 * @returns where requests are while they arrive.
 */
export function watchArrivals(
  app: Pick<App, "server" | "addHook">,
  clock: () => number = () => performance.now(),
): Set<IncomingMessage> {
  const { bytesPerSecond, patienceMs, sweepMs } = ARRIVAL_PACE;
  const arriving = new Set<IncomingMessage>();
  let watches = new Map<IncomingMessage, Watch>();
  const enough = (bytesPerSecond * patienceMs) / 1000;

  const sweep = () => {
    const now = clock();
    const next = new Map<IncomingMessage, Watch>();
    for (const raw of arriving) {
      const { socket } = raw;
      const watch = watches.get(raw) ?? { since: now, base: socket.bytesRead };
      if (now - watch.since < patienceMs) next.set(raw, watch);
      else if (socket.bytesRead - watch.base >= enough) {
        next.set(raw, { since: now, base: socket.bytesRead });
      } else app.server.emit("clientError", late(), socket);
    }
    watches = next;
  };
  const sweeping = setInterval(sweep, sweepMs).unref();
  app.addHook("onClose", (_app, done) => {
    clearInterval(sweeping);
    done();
  });
  return arriving;
}

/** As Node says it of a request that takes too long (see client-errors.ts). */
const late = () => Object.assign(new Error("too slow"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
