/** A client that asks for much and reads little of it, on one connection. */
import { connect } from "node:net";

export interface SlowReaderOptions {
  readonly port: number;
  /** All requests of the connection, one behind the other. */
  readonly bytes: string;
  /** What it takes at once, like a peer that buffers; then it reads at the pace below. */
  readonly takesBytes?: number;
  /** 0 by default: nothing. */
  readonly bytesPerSecond?: number;
}

export interface SlowReader {
  /** How long the connection lasted, from when it had taken what it takes at once; undefined while it lasts. */
  endedAfterMs: number | undefined;
  /** Of the first answer; undefined until it begins. */
  status: number | undefined;
  receivedBytes: number;
  end(): void;
}

/** In small steps, so that the kernel too sees a slow reader. */
const STEP_BYTES = 256;
/** Who reads nothing learns of the connection's end by writing: empty lines are no requests. */
const KNOCK_MS = 250;

export function startSlowReader(options: SlowReaderOptions): SlowReader {
  const { port, bytes, takesBytes = 0, bytesPerSecond = 0 } = options;
  let slowSince = performance.now();
  const reader: SlowReader = {
    endedAfterMs: undefined,
    status: undefined,
    receivedBytes: 0,
    end: () => void socket.destroy(),
  };
  let nextRead: NodeJS.Timeout | undefined;
  const onRead = (count: number, part: Uint8Array): boolean => {
    reader.status ??= Number(Buffer.from(part.subarray(9, 12)).toString("latin1")); // HTTP/1.1 200 OK
    reader.receivedBytes += count;
    if (reader.receivedBytes < takesBytes) {
      slowSince = performance.now();
      return true;
    }
    if (bytesPerSecond > 0) {
      nextRead = setTimeout(() => socket.resume(), (count / bytesPerSecond) * 1000);
    }
    return false; // which pauses it
  };
  const buffer = Buffer.alloc(takesBytes > 0 ? 65_536 : STEP_BYTES);
  const socket = connect({ port, host: "127.0.0.1", onread: { buffer, callback: onRead } });
  const knocking = setInterval(() => socket.write("\r\n"), KNOCK_MS);
  socket.on("error", () => {}); // "close" follows
  socket.on("close", () => {
    reader.endedAfterMs = performance.now() - slowSince;
    clearInterval(knocking);
    clearTimeout(nextRead);
  });
  socket.write(bytes);
  return reader;
}
