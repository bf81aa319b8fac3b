/** Requests that the HTTP parser or a time limit refuses: one problem on the raw socket, then close. */
import { randomUUID } from "node:crypto";
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { ProblemError } from "@airlock/contract";
import type { Logger } from "pino";
import { PROBLEM_TYPE, problemBody } from "./problems.ts";

/** How long a refused client may take to read its answer, in milliseconds. */
const LINGER_MS = 500;

const refused = new WeakMap<Socket, number>();

/** The status written on this socket outside of any reply, if one was. */
export const statusSentBelow = (socket: Socket): number | undefined => refused.get(socket);

interface ParserError extends Error {
  code?: string;
  /** The bytes that the parser was given last. */
  rawPacket?: unknown;
}

/** A request line that goes on for 8 KiB: it is the URL that is too long, not the headers. */
const LONG_TARGET = /^[A-Z]+ [^\r\n]{8192}/;

/**
 * Answers `clientError` once per socket.
 *
 * A response that has begun is never followed by a second one: the connection ends instead. The
 * rest of what the client sends is read and dropped for a moment, because closing a socket with
 * unread data resets it and can take the answer away from the client.
 */
export function answerClientError(error: ParserError, socket: Socket, log: Logger): void {
  if (refused.has(socket)) return;
  const pending = (socket as { _httpMessage?: ServerResponse | null })._httpMessage;
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  if (pending?.headersSent) {
    if (pending.writableEnded) socket.destroySoon();
    else socket.destroy();
    return;
  }
  const problem = problemOf(error);
  const requestId = randomUUID();
  refused.set(socket, problem.status);
  const line = {
    request_id: requestId,
    status: problem.status,
    code: problem.code,
    reason: error.code,
    peer: socket.remoteAddress,
  };
  log.warn(line, "request refused before routing");
  socket.removeAllListeners("data");
  socket.on("data", () => {});
  socket.on("error", () => socket.destroy());
  socket.end(renderRaw(problem, requestId));
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function problemOf({ code, rawPacket }: ParserError): ProblemError {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new ProblemError("request_timeout", "The request did not arrive in time.");
    case "HPE_HEADER_OVERFLOW":
      if (Buffer.isBuffer(rawPacket) && LONG_TARGET.test(rawPacket.toString("latin1"))) {
        return new ProblemError(
          "uri_too_long",
          "The URL is too long; a batch can be sent by POST.",
        );
      }
      return new ProblemError("header_fields_too_large", "The headers are too large or too many.");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new ProblemError("content_too_large", "The chunk extensions are too large.");
    default:
      return new ProblemError("bad_request", "The request is not valid HTTP/1.1.");
  }
}

/** A whole response as bytes, for sockets that no longer have a reply. */
export function renderRaw(problem: ProblemError, requestId: string): string {
  const body = JSON.stringify(problemBody(problem, requestId));
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    `x-request-id: ${requestId}`,
    `date: ${new Date().toUTCString()}`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}
