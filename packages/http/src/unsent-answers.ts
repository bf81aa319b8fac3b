/** What all answers together may hold unsent: beyond it those end first that nobody takes. */
import type { App } from "./app-type.ts";
import { type Connection, connectionOf } from "./connections.ts";
import { takenByKernel } from "./send-queues.ts";

/** Told in docs/architecture.md. */
const MAX_UNSENT_BYTES = 16_777_216;
/** Smaller answers fit into the kernel's buffers, and into memory however many there are. */
const LARGE_BYTES = 65_536;
/**
 * A client that takes nothing for so long, or twice as long, is one of those. Longer than a round trip
 * to another continent: nobody takes anything more before an acknowledgement has come back.
 */
const LOOK_MS = 300;

/**
 * Slow readers have seconds until they are found (see slow-readers.ts): time enough for some to ask
 * for more than there is memory. A reader of a large answer that takes something between two looks is
 * spared.
 *
 * @param cut ends a connection.
 */
export function boundUnsentAnswers(
  app: App,
  connections: ReadonlySet<Connection>,
  cut: (connection: Connection) => void,
): void {
  /** With a large answer, and what the kernel had taken at the last look; the oldest first. */
  const large = new Map<Connection, number | undefined>();
  let looking: NodeJS.Timeout | undefined;

  const look = () => {
    let unsent = 0;
    for (const { socket } of connections) unsent += socket.writableLength;
    for (const [connection, before] of large) {
      const { socket } = connection;
      const taken = takenByKernel(socket);
      if (socket.writableLength === 0) large.delete(connection);
      else if (unsent <= MAX_UNSENT_BYTES || taken !== before) large.set(connection, taken);
      else {
        unsent -= socket.writableLength;
        large.delete(connection);
        cut(connection);
      }
    }
    if (large.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  };

  app.addHook("onSend", ({ raw }, _reply, payload, done) => {
    const connection = isLarge(payload) ? connectionOf(raw.socket) : undefined;
    if (connection) {
      large.set(connection, undefined);
      looking ??= setInterval(look, LOOK_MS).unref();
    }
    done();
  });
  app.addHook("onClose", (_app, done) => {
    clearInterval(looking);
    done();
  });
}

const isLarge = (payload: unknown): boolean =>
  (typeof payload === "string" || Buffer.isBuffer(payload)) && payload.length >= LARGE_BYTES;
