/** Asks the service behind for a tunnel: its connection, or what it answers instead. */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import { smallText } from "../small-text.ts";

export interface TunnelRequest {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  /** Name, value, name, value, …, without those of the handshake. */
  readonly headers: readonly string[];
  /** Of the client, whose own key is answered at the other end. */
  readonly handshake: IncomingHttpHeaders;
  readonly lookup?: LookupFunction | undefined;
  readonly timeoutMs: number;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

export type TunnelAnswer =
  | {
      readonly isOpen: true;
      readonly headers: IncomingHttpHeaders;
      readonly socket: Socket;
      readonly rest: Buffer;
    }
  | {
      readonly isOpen: false;
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly text: string;
    };

/** No answer in time, or none at all: `connect` nothing was sent, `timeout`, `reset`. */
export class TunnelError extends Error {
  readonly failure: "connect" | "timeout" | "reset";

  constructor(failure: TunnelError["failure"], cause?: unknown) {
    super(`no answer to a request for a tunnel: ${failure}`, { cause });
    this.name = "TunnelError";
    this.failure = failure;
  }
}

/** @throws TunnelError, or the reason of the signal. */
export function openTunnel(asked: TunnelRequest): Promise<TunnelAnswer> {
  const { origin, path, headers, handshake, lookup, timeoutMs, signal } = asked;
  const make = origin.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    let isConnected = false;
    const { hostname, port } = new URL(origin);
    const request = make({
      hostname: hostname.replace(/^\[|\]$/g, ""),
      ...(port !== "" && { port }),
      path,
      agent: false,
      ...(lookup && { lookup }),
      signal,
      setDefaultHeaders: false,
      headers: [
        ...["host", new URL(origin).host, "connection", "upgrade", "upgrade", "websocket"],
        ...["sec-websocket-version", "13"],
        ...["sec-websocket-key", String(handshake["sec-websocket-key"])],
        ...headers,
      ],
    });
    const timer = setTimeout(() => {
      fail("timeout");
      request.destroy();
    }, timeoutMs);
    const fail = (failure: TunnelError["failure"], cause?: unknown) => {
      clearTimeout(timer);
      reject(signal.aborted ? signal.reason : new TunnelError(failure, cause));
    };
    request.once("socket", (socket) =>
      socket.once("connect", () => {
        isConnected = true;
      }),
    );
    request.on("error", (error) => fail(isConnected ? "reset" : "connect", error));
    request.once("upgrade", (answer: IncomingMessage, socket: Socket, rest: Buffer) => {
      clearTimeout(timer);
      socket.setTimeout(0).setNoDelay(true);
      resolve({ isOpen: true, headers: answer.headers, socket, rest });
    });
    request.once("response", (answer) => {
      smallText(answer, timeoutMs).then(
        (text) => {
          clearTimeout(timer);
          const { statusCode: status = 0, headers } = answer;
          resolve({ isOpen: false, status, headers, text });
        },
        (error: unknown) => fail("reset", error),
      );
    });
    request.end();
  });
}
