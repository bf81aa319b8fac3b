/** Whether anybody is at the other end of a tunnel: a ping every 20 seconds, and what is heard. */
import type { Socket } from "node:net";
import { takenByKernel } from "@airlock/http";
import type { WebSocket } from "ws";

export interface Pace {
  readonly everyMs: number;
  /** From a ping until its sender is taken for gone … */
  readonly patienceMs: number;
  /** … and pings within that time: each connection on the way finds out with one that it has ended. */
  readonly pings: number;
}

/** With the end of all connections on the way it is 22 s at most. */
export const PACE: Pace = { everyMs: 20_000, patienceMs: 1500, pings: 5 };

/** Whoever takes so much is there, however long a ping waits behind it. */
const MUCH_BYTES = 262_144;

/**
 * Whoever is heard of is there. A ping that cannot be written, for nobody takes what was sent before it,
 * is one that is not answered: a client that reads slowly, or has stopped, says that it is there with
 * pongs that nobody asked for (RFC 6455 §5.5.3), as gpu-dev does. From one that never did, taking much
 * is a sign as well. One whose bytes are not read here, for the job does not take them, cannot answer;
 * but a ping that cannot be passed on, anywhere on the way, ends that connection, and then the one
 * before it.
 *
 * @returns what stops it.
 */
export function watchPulse(
  ws: WebSocket,
  socket: Socket,
  onGone: () => void,
  { everyMs, patienceMs, pings }: Pace = PACE,
): () => void {
  const stepMs = patienceMs / pings;
  const period = Math.round(everyMs / stepMs);
  let steps = 0;
  // counted in steps: a process that was held up for long has heard nobody
  let silent = 0;
  let due = 0;
  let heard = socket.bytesRead;
  let taken = takenByKernel(socket);
  let asked = 0;
  let answers = 0;
  ws.on("pong", () => answers++);

  const isHeard = () => {
    if (socket.bytesRead === heard) return false;
    heard = socket.bytesRead;
    return true;
  };
  const takesMuch = () => {
    if (answers > asked || takenByKernel(socket) - taken < MUCH_BYTES) return false;
    taken = takenByKernel(socket);
    return true;
  };
  const step = () => {
    if (isHeard()) silent = due = 0;
    else if (ws.isPaused || socket.isPaused() || takesMuch()) silent = 0;
    else silent++;
    if (silent === 0) taken = takenByKernel(socket);
    if (silent >= period + pings - 1) {
      stop();
      return onGone();
    }
    if (++steps % period === 0) due = pings;
    if (due === 0) return;
    due--;
    // what nobody takes is not added to
    if (ws.readyState !== ws.OPEN || socket.writableLength > 0) return;
    asked++;
    ws.ping();
  };
  const stepping = setInterval(step, stepMs);
  const stop = () => clearInterval(stepping);
  return stop;
}
