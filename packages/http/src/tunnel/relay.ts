/** Two connections as one: bytes go both ways as slowly as they are read, and one ends with the other. */
import type { Socket } from "node:net";
import { takenByKernel } from "../send-queues.ts";
import { whenClosed } from "../when-closed.ts";
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
/** For a client to take its end, and to end its side. */
const END_MS = 250;
/** Between two looks at a client, and after how many of them one that gives no sign is gone: as the other end has it. */
const LOOKING = { everyMs: 1000, looks: 21 };

/** @param client has sent what came so far; both may be paused. */
export function relay(client: Socket, upstream: Socket, looking = LOOKING): Relay {
  const from = { read: client.bytesRead - client.readableLength, written: client.bytesWritten };
  let end: string | undefined;
  const endedBy = (who: string) => {
    end ??= who;
  };

  client.on("end", () => endedBy("client")).on("error", () => endedBy("client"));
  upstream.on("end", () => endedBy("upstream")).on("error", () => endedBy("upstream"));
  client.on("error", () => client.destroy());
  upstream.on("error", () => upstream.destroy());

  client.pipe(upstream);
  upstream.pipe(client);
  const closed = Promise.all([
    new Promise<void>((resolve) => {
      whenClosed(client, () => {
        endedBy("client");
        reset(upstream);
        resolve();
      });
    }),
    new Promise<void>((resolve) => {
      whenClosed(upstream, () => {
        endedBy("upstream");
        if (upstream.errored) reset(client);
        else endWhenTaken(client);
        resolve();
      });
    }),
  ]);
  watch(client, looking);

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

/** What it still sends is read: closing a socket with unread data resets it, and takes away what is on its way. */
function endWhenTaken(client: Socket): void {
  if (client.destroyed) return;
  const destroySoon = () => void setTimeout(() => client.destroy(), END_MS).unref();
  if (client.writableFinished) destroySoon();
  else client.once("finish", destroySoon);
  client.resume().end();
}

/**
 * Of a client that takes nothing of what waits for it the other end hears nothing here, nor of its end:
 * nobody reads what comes behind that. One that has only stopped to read says so (RFC 6455 §5.5.3).
 */
function watch(client: Socket, { everyMs, looks }: typeof LOOKING): void {
  let signs = 0;
  let silent = 0;
  const looking = setInterval(() => {
    const now = client.bytesRead + takenByKernel(client);
    // of one that is not read, for the other end does not take more, nothing can be heard
    const isSilent = now === signs && client.writableLength > 0 && !client.isPaused();
    silent = isSilent ? silent + 1 : 0;
    signs = now;
    if (silent >= looks) client.resetAndDestroy();
  }, everyMs).unref();
  whenClosed(client, () => clearInterval(looking));
}
