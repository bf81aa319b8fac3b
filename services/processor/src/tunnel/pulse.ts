/** Whether anybody is at the other end of a tunnel: a ping every 20 seconds, and what comes of it. */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";

export interface Pace {
  readonly everyMs: number;
  /** From a ping until its sender is taken for gone … */
  readonly patienceMs: number;
  /** … and pings within that time: each connection on the way finds out with one that it has ended. */
  readonly pings: number;
}

export const PACE: Pace = { everyMs: 20_000, patienceMs: 2000, pings: 5 };

/** Beyond this a ping may be late because it waits behind what was sent before it. */
const BACKLOG_BYTES = 262_144;

/**
 * Whoever sends anything is there. A client that does not read is not asked: its connection tells by
 * itself when it has ended, because there is something to send. One whose bytes are not read here, for
 * the job does not take them, cannot answer; but a ping that cannot be written, anywhere on the way,
 * ends that connection, and then the one before it.
 *
 * @returns what stops it.
 */
export function watchPulse(
  ws: WebSocket,
  socket: Socket,
  onGone: () => void,
  { everyMs, patienceMs, pings }: Pace = PACE,
): () => void {
  let asking: NodeJS.Timeout | undefined;
  let writtenBefore = socket.bytesWritten;

  const ask = () => {
    const heard = socket.bytesRead;
    const hasBacklog = socket.bytesWritten - writtenBefore > BACKLOG_BYTES;
    writtenBefore = socket.bytesWritten;
    let wasPaused = false;
    let sent = 0;
    const look = () => {
      wasPaused ||= ws.isPaused || socket.isPaused();
      if (socket.bytesRead !== heard && sent > 0) return stop();
      if (sent === pings) {
        stop();
        if (!wasPaused && !hasBacklog && socket.writableLength === 0) onGone();
        return;
      }
      sent++;
      // what nobody takes is not added to
      if (ws.readyState === ws.OPEN && socket.writableLength === 0) ws.ping();
    };
    const stop = () => {
      clearInterval(asking);
      asking = undefined;
    };
    stop();
    look();
    asking = setInterval(look, patienceMs / pings);
  };
  const pulse = setInterval(ask, everyMs);
  return () => {
    clearInterval(pulse);
    clearInterval(asking);
  };
}
