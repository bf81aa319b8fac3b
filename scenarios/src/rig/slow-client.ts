/** A client that never finishes: it sends a beginning, then a byte now and again. */
import { connect } from "node:net";

export interface SlowEnd {
  /** Status of the answer; 0 when the connection ended without one. */
  readonly status: number;
  /** From the connection to its end. */
  readonly tookMs: number;
  readonly answers: number;
}

export interface SlowOptions {
  readonly port: number;
  readonly beginning: string;
  /** Sent again and again. */
  readonly more: string;
  readonly everyMs: number;
  /** The client gives up after so long. */
  readonly limitMs: number;
}

export function sendSlowly(options: SlowOptions): Promise<SlowEnd> {
  const { port, beginning, more, everyMs, limitMs } = options;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let received = "";
    const socket = connect({ port, host: "127.0.0.1" });
    const giveUp = setTimeout(() => socket.destroy(), limitMs);
    let dripping: NodeJS.Timeout | undefined;
    socket.on("connect", () => {
      socket.write(beginning);
      dripping = setInterval(() => socket.writable && socket.write(more), everyMs);
    });
    socket.setEncoding("latin1").on("data", (data: string) => {
      received += data;
    });
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => {
      clearTimeout(giveUp);
      clearInterval(dripping);
      resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0),
        answers: received.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0,
        tookMs: performance.now() - startedAt,
      });
    });
  });
}
