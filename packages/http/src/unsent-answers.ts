/** What all answers together may hold unsent: beyond it those end first that nobody takes. */
import type { Connection } from "./connections.ts";
import { takenByKernel } from "./send-queues.ts";

/** Told in docs/architecture.md. */
const MAX_UNSENT_BYTES = 16_777_216;
/** A client that takes nothing for so long, or twice as long, is one of those. */
const LOOK_MS = 300;

/**
 * Slow readers have seconds until they are found (see slow-readers.ts): time enough for some to ask
 * for more than there is memory. A reader that takes something between two looks is spared, and so are
 * an object, of which little is here at a time, and what was counted before it was made. As long as there
 * is room, a look is a sum.
 *
 * @param cut ends a connection.
 * @returns what ends the looks.
 */
export function boundUnsentAnswers(
  connections: ReadonlySet<Connection>,
  cut: (connection: Connection) => void,
  maxUnsentBytes: number = MAX_UNSENT_BYTES,
): () => void {
  /** What the kernel had taken at the last look. */
  let before = new Map<Connection, number>();

  const look = () => {
    let unsent = 0;
    for (const connection of connections) {
      if (!isElsewhere(connection)) unsent += connection.socket.writableLength;
    }
    const now = new Map<Connection, number>();
    if (unsent > maxUnsentBytes) {
      // the oldest first
      for (const connection of connections) {
        const { socket } = connection;
        if (isElsewhere(connection) || socket.writableLength === 0) continue;
        const taken = takenByKernel(socket);
        if (unsent > maxUnsentBytes && before.get(connection) === taken) {
          unsent -= socket.writableLength;
          cut(connection);
        } else {
          now.set(connection, taken);
        }
      }
    }
    before = now;
  };
  const looking = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(looking);
}

const isElsewhere = ({ isStreaming, isCounted, isTunnel }: Connection): boolean =>
  isStreaming || isCounted || isTunnel;
