/** Bytes to a port and back: what a client can send that no HTTP library would. */
import { connect } from "node:net";

export interface RawResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface RawExchange {
  readonly responses: RawResponse[];
  /** All that was received. */
  readonly text: string;
  /** Whatever could not be read as a response. */
  readonly rest: string;
  readonly elapsedMs: number;
  readonly wasClosed: boolean;
}

/**
 * Sends bytes, piece by piece, and reads until the server closes or is silent for a while.
 *
 * @param quietMs how long to wait for more once something has arrived.
 */
export function sendRaw(
  port: number,
  bytes: string | Buffer | readonly (string | Buffer)[],
  quietMs = 150,
  limitMs = 15_000,
): Promise<RawExchange> {
  const pieces = Array.isArray(bytes) ? bytes : [bytes];
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let quiet: NodeJS.Timeout | undefined;
    const end = (wasClosed: boolean) => {
      clearTimeout(quiet);
      clearTimeout(limit);
      socket.destroy();
      const text = Buffer.concat(chunks).toString("latin1");
      resolve({
        ...parseResponses(text),
        text,
        wasClosed,
        elapsedMs: performance.now() - startedAt,
      });
    };
    const limit = setTimeout(() => end(false), limitMs);
    socket.on("error", () => {});
    socket.on("close", () => end(true));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      clearTimeout(quiet);
      quiet = setTimeout(() => end(false), quietMs);
    });
    socket.on("connect", () => {
      for (const piece of pieces) socket.write(piece);
    });
  });
}

/** Splits what a server sent into responses; interim ones (1xx) are left out. */
function parseResponses(received: string): { responses: RawResponse[]; rest: string } {
  const responses: RawResponse[] = [];
  let text = received;
  for (;;) {
    const head = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n((?:[^\r]+\r\n)*)\r\n/.exec(text);
    if (!head) return { responses, rest: text };
    text = text.slice(head[0].length);
    const status = Number(head[1]);
    if (status < 200) continue;
    const lines = (head[2] ?? "").split("\r\n").filter(Boolean);
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = Number(headers["content-length"] ?? 0);
    responses.push({ status, headers, body: text.slice(0, length) });
    text = text.slice(length);
  }
}
