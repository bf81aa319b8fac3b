/** A WebSocket and a connection to a pod as one: bytes both ways, as slowly as each is read. */
import type { Socket } from "node:net";
import { TUNNEL_CLOSE } from "@airlock/contract";
import type { WebSocket } from "ws";
import { PACE, type Pace, watchPulse } from "./pulse.ts";

export interface TunnelCounts {
  /** By the client. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Of the close frame; 1006 where there was none. */
  readonly code: number;
}

export interface Tunnel {
  readonly ended: Promise<TunnelCounts>;
  /** Ends it with a close frame; the client has two seconds to take it. */
  end(code: number, reason: string): void;
}

const LAST_WORD_MS = 2000;
/** For the pod to take what the client sent before it closed. */
const LAST_BYTES_MS = 10_000;

/**
 * @param socket the connection that `ws` is on.
 * @param pod may have sent something already, and is paused.
 */
export function joinTunnel(ws: WebSocket, socket: Socket, pod: Socket, pace: Pace = PACE): Tunnel {
  let sentBytes = 0;
  let receivedBytes = 0;
  let code: number | undefined;

  const close = (with_: number, reason: string) => {
    if (code !== undefined || ws.readyState !== ws.OPEN) return;
    code = with_;
    ws.close(with_, reason);
  };

  pod.on("data", (part: Buffer) => {
    receivedBytes += part.length;
    ws.send(part);
    if (socket.writableNeedDrain) pod.pause();
  });
  socket.on("drain", () => pod.resume());
  ws.on("message", (data) => {
    const part = data as Buffer; // nodebuffer, in one piece
    sentBytes += part.length;
    if (!pod.write(part)) ws.pause();
  });
  pod.on("drain", () => ws.resume());

  pod.on("end", () => close(TUNNEL_CLOSE.done, ""));
  pod.on("error", () => close(TUNNEL_CLOSE.broken, "the connection to the job broke"));
  pod.once("close", () => {
    close(TUNNEL_CLOSE.broken, "the connection to the job broke");
    drop();
  });
  // whoever relays this says so that it stops: before ws answers by closing too
  socket.prependListener("end", () => close(TUNNEL_CLOSE.goingAway, "a service on the way stops"));

  /** What still comes is for nobody; the client's own close frame is behind it. */
  const drop = () => {
    ws.removeAllListeners("message");
    ws.resume();
  };
  const stopPulse = watchPulse(ws, socket, () => ws.terminate(), pace);
  ws.on("error", () => {}); // ws ends it by itself, with a code
  const ended = new Promise<TunnelCounts>((resolve) => {
    ws.once("close", (theirs) => {
      stopPulse();
      code ??= theirs;
      if (theirs === 1006 || !pod.writable) {
        pod.destroy();
      } else {
        pod.end();
        pod.resume();
        setTimeout(() => pod.destroy(), LAST_BYTES_MS).unref();
      }
      resolve({ sentBytes, receivedBytes, code });
    });
  });
  pod.resume();
  return {
    ended,
    end(with_, reason) {
      close(with_, reason);
      pod.destroy();
      drop();
      setTimeout(() => ws.terminate(), LAST_WORD_MS).unref();
    },
  };
}
