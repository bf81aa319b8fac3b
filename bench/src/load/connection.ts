/** One keep-alive connection of the load: one request at a time, every byte of every body compared. */
import { connect, type Socket } from "node:net";

export interface Expected {
  readonly request: Buffer;
  readonly body: Buffer;
}

export interface ConnectionTarget {
  readonly port: number;
  /** Which of the clients it belongs to, from 0. */
  readonly client: number;
  /** Called when a body was right to its last byte. */
  readonly finished: () => void;
  /** Called at most once, with why the answer was not the right one. */
  readonly failed: (reason: string) => void;
}

const MAX_HEAD_BYTES = 16_384;
/**
 * All connections together are more than the gateway takes of one client. Linux has all of 127.0.0.0/8;
 * elsewhere there is one client.
 */
const CLIENTS = process.platform === "linux" ? 16 : 1;
const addressOf = (client: number): string => `127.0.0.${1 + (client % CLIENTS)}`;
/** One for all connections: what was read is looked at before the next read begins. */
const READ_BUFFER = Buffer.allocUnsafe(131_072);

/** Reads answers with Content-Length only, which is what all proxies here send. */
export class Connection {
  readonly #target: ConnectionTarget;
  readonly #socket: Socket;
  #expected: Expected | undefined;
  #head = "";
  /** Bytes of the body that have been compared; undefined while the head is being read. */
  #compared: number | undefined;
  #hasEnded = false;

  constructor(target: ConnectionTarget, ready: () => void) {
    this.#target = target;
    this.#socket = connect({
      host: "127.0.0.1",
      port: target.port,
      localAddress: addressOf(target.client),
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          this.#read(READ_BUFFER, length);
          return true;
        },
      },
    });
    this.#socket.once("connect", ready);
    this.#socket.on("error", (error) => this.#fail(`connection failed: ${error.message}`));
    this.#socket.on("close", () => this.#fail("connection closed in the middle"));
  }

  /** Sends a request; only when the answer to the one before has come. */
  send(expected: Expected): void {
    this.#expected = expected;
    this.#head = "";
    this.#compared = undefined;
    this.#socket.write(expected.request);
  }

  end(): void {
    this.#hasEnded = true;
    this.#socket.destroy();
  }

  #read(chunk: Buffer, length: number): void {
    const body = this.#expected?.body;
    if (!body) {
      this.#fail("bytes that nobody asked for");
      return;
    }
    let start = 0;
    if (this.#compared === undefined) {
      const headEnd = this.#readHead(chunk, length, body.length);
      if (headEnd === undefined) return;
      start = headEnd;
      this.#compared = 0;
    }
    const from = this.#compared;
    const to = from + length - start;
    if (to > body.length || body.compare(chunk, start, length, from, to) !== 0) {
      this.#fail("a body differs from what the upstream sent");
      return;
    }
    this.#compared = to;
    if (to < body.length) return;
    this.#expected = undefined;
    this.#target.finished();
  }

  /** Where the body begins in the chunk; undefined when the head goes on, or is not the right one. */
  #readHead(chunk: Buffer, length: number, bodyBytes: number): number | undefined {
    const before = this.#head.length;
    const text = this.#head + chunk.toString("latin1", 0, Math.min(length, MAX_HEAD_BYTES));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      this.#head = text;
      if (text.length > MAX_HEAD_BYTES) this.#fail("a head without an end");
      return undefined;
    }
    const head = text.slice(0, end + 2);
    const [, sent] = /\r\ncontent-length: *(\d+)\r\n/i.exec(head) ?? [];
    if (!head.startsWith("HTTP/1.1 200 ") || Number(sent) !== bodyBytes) {
      this.#fail(`instead of 200 with ${bodyBytes} bytes: ${head.split("\r\n", 1)[0]}, ${sent}`);
      return undefined;
    }
    return end + 4 - before;
  }

  #fail(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#socket.destroy();
    this.#target.failed(reason);
  }
}
