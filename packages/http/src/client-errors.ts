/** Requests that the HTTP parser or a time limit refuses: one problem each, in its turn, then the end. */
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { ProblemError } from "@airlock/contract";
import type { Admission } from "./admission.ts";
import { answerUnderWay } from "./answer-under-way.ts";
import { bodyFailed, CRUMBS } from "./bodies.ts";
import type { ClientAddress, ClientOf } from "./client-address.ts";
import type { Logger } from "./logging.ts";
import type { Metrics } from "./metrics.ts";
import { PROBLEM_TYPE, problemBody, toProblem } from "./problems.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** How long a refused client may take to read its answer, in milliseconds. */
const LINGER_MS = 500;

interface ParserError extends Error {
  code?: string;
  /** The bytes that the parser was given last. */
  rawPacket?: unknown;
}

/** A request line that goes on for 8 KiB: it is the URL that is too long, not the headers. */
const LONG_TARGET = /^[A-Z]+ [^\r\n]{8192}/;
const MAYBE_HEAD = /(^|\n)HEAD /;

export interface HeadRefusalOptions {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "requestDuration">;
  readonly clientOf: ClientOf;
  readonly admission: Pick<Admission, "countUnreadable"> | undefined;
}

/**
 * @returns what answers `clientError`. A body that is malformed or late is answered by whoever reads
 * it; of a head there is nobody yet. An answer before it is waited for, and one that has begun is
 * never followed by a second one for the same request: the connection ends instead.
 */
export function createHeadRefusal({
  logger,
  metrics,
  clientOf,
  admission,
}: HeadRefusalOptions): (error: ParserError, socket: Socket) => void {
  const refused = new WeakSet<Socket>();

  const refuse = (error: ParserError, socket: Socket) => {
    if (!socket.writable) return void socket.destroy();
    const client = clientOf({ socket, headers: {} }); // whatever was forwarded, it was not read
    const problem = countedProblem(admission, problemOf(error), client);
    const requestId = randomUUID();
    const { status, code } = problem;
    const peer = client.address;
    const line = { request_id: requestId, status, code, reason: error.code, peer };
    logger.warn(line, "request refused before routing");
    metrics.requestDuration.of("other", "none", String(status)).observe(0); // nobody knows its beginning
    socket.resume(); // closing a socket with unread data resets it, and can take the answer away
    socket.end(render(problem, requestId, mayHaveBody(error)));
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };

  return (error, socket) => {
    if (refused.has(socket)) return; // the parser goes on complaining
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    refused.add(socket);
    socket.on("error", () => socket.destroy());
    const answer = answerUnderWay(socket);
    if (!answer) {
      stopParsing(socket);
      return refuse(error, socket);
    }
    if (answer.req.complete) {
      stopParsing(socket).pause();
      answer.once("close", () => refuse(error, socket));
      return;
    }
    if (answer.writableEnded) return void socket.destroySoon();
    if (answer.headersSent) return void socket.destroy();
    stopParsing(socket);
    bodyFailed(answer.req, problemOf(error));
  };
}

function countedProblem(
  admission: HeadRefusalOptions["admission"],
  problem: ProblemError,
  client: ClientAddress,
): ProblemError {
  try {
    admission?.countUnreadable?.(client);
    return problem;
  } catch (instead) {
    return toProblem(instead);
  }
}

/** What still comes is dropped; Node parses no more of a socket whose data others listen to. */
const stopParsing = (socket: Socket): Socket =>
  socket.removeAllListeners("data").on("data", () => {});

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
    case CRUMBS:
      return new ProblemError("bad_request", "The body comes in too many parts of a few bytes.");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new ProblemError("content_too_large", "The chunk extensions are too large.");
    default:
      return new ProblemError("bad_request", "The request is not valid HTTP/1.1.");
  }
}

/** An answer to HEAD has no body. The parser does not tell the method of a head that it cannot read. */
const mayHaveBody = ({ rawPacket }: ParserError): boolean =>
  Buffer.isBuffer(rawPacket) && !MAYBE_HEAD.test(rawPacket.toString("latin1"));

/** A whole answer as bytes, for a socket that has no reply. */
function render(problem: ProblemError, requestId: string, withBody: boolean): string {
  const body = withBody ? JSON.stringify(problemBody(problem, requestId)) : "";
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    ...(withBody ? [`content-type: ${PROBLEM_TYPE}`] : []),
    ...Object.entries(problem.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    `x-request-id: ${requestId}`,
    `date: ${new Date().toUTCString()}`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}
