/** Two connections as one: bytes go both ways as slowly as they are read, and one ends with the other. */
import type { Socket } from "node:net";
import type { TunnelEnd } from "./handshake.ts";

export interface Relay {
  readonly ended: Promise<TunnelEnd>;
  /**
   * Ends it from here: the other end, which speaks WebSocket, is told that nobody sends any more, and
   * says so to the client in a close frame.
   */
  goAway(): void;
}

/** For the other end to say its last word. */
const LAST_WORD_MS = 2000;
/** Who takes nothing for so long of what is left to send does not read any more. */
const STUCK_MS = 20_000;

/** @param client has sent what came so far; both may be paused. */
export function relay(client: Socket, upstream: Socket): Relay {
  const from = { read: client.bytesRead - client.readableLength, written: client.bytesWritten };
  let end: string | undefined;
  const endedBy = (who: string) => {
    end ??= who;
  };

  client.on("end", () => endedBy("client")).on("error", () => endedBy("client"));
  upstream.on("end", () => endedBy("upstream")).on("error", () => endedBy("upstream"));
  client.on("error", () => client.destroy());
  upstream.on("error", () => upstream.destroy());

  const closed = Promise.all([
    new Promise<void>((resolve) => {
      client.once("close", () => {
        endedBy("client");
        reset(upstream);
        resolve();
      });
    }),
    new Promise<void>((resolve) => {
      upstream.once("close", () => {
        endedBy("upstream");
        if (upstream.errored) reset(client);
        else endWhenSent(client);
        resolve();
      });
    }),
  ]);
  client.pipe(upstream);
  upstream.pipe(client);
  if (client.destroyed) upstream.destroy();
  if (upstream.destroyed) client.destroy();

  return {
    ended: closed.then(() => ({
      sentBytes: client.bytesRead - from.read,
      receivedBytes: client.bytesWritten - from.written,
      end: end ?? "client",
    })),
    goAway() {
      endedBy("drain");
      client.unpipe(upstream);
      client.resume();
      upstream.end();
      setTimeout(() => client.destroy(), LAST_WORD_MS).unref();
    },
  };
}

/** Whoever writes to it learns of it, whatever is unread there. One that has begun to close cannot be reset. */
function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Sends what is left as long as it is taken. */
function endWhenSent(socket: Socket): void {
  if (socket.destroyed) return;
  socket.destroySoon();
  let taken = -1;
  const looking = setInterval(() => {
    const now = socket.bytesWritten - socket.writableLength;
    if (now === taken) socket.destroy();
    taken = now;
  }, STUCK_MS).unref();
  socket.once("close", () => clearInterval(looking));
}
