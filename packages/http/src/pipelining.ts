/** Requests that follow another on the same connection: in order, one at a time, and unread meanwhile. */
import { IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { answerUnderWay } from "./answer-under-way.ts";
import { hasBody, isHeldBack } from "./bodies.ts";
import { type Connection, connectionOf } from "./connections.ts";
import { answerUpgrade } from "./tunnel/handshake.ts";

const ALWAYS = { get: () => true, set: () => {} };

/**
 * A request that comes while the one before it is in progress says that it is an upgrade. Node then
 * stops reading right behind its head and hands over the socket, with all bytes that it has not
 * parsed: else it would parse a read of 64 KiB whole, and begin thousands of requests at once.
 */
class OneAtATime extends IncomingMessage {
  constructor(socket: Socket) {
    super(socket);
    if (answerUnderWay(socket)) Object.defineProperty(this, "upgrade", ALWAYS);
  }
}

/**
 * For `http.createServer`, beside `answerInOrder`.
 *
 * @param isTunnel which requests are upgraded; of all others the header Upgrade is not looked at.
 */
export const oneAtATime = (isTunnel: (request: IncomingMessage) => boolean) => ({
  IncomingMessage: OneAtATime,
  shouldUpgradeCallback: isTunnel,
});

/** What all connections together may hold back. Told in docs/architecture.md. */
const MAX_HELD_BYTES = 16_777_216;
/** Who holds back less is not the one who fills it. */
const SMALL_BYTES = 4096;

/**
 * One request of a connection is in progress at a time. What follows it waits as bytes, without an
 * object, a place, a timer or a log line, and its connection is not read: it can have as much memory
 * as three reads take, and all of them together no more than a bound. RFC 9112 §9.3.2 lets a server
 * work on several at once, if they change nothing; nobody is known who gains by it.
 *
 * Requests that Node would answer or drop by itself are answered as all others are.
 *
 * @param end ends a connection for which there is no room.
 */
export function answerInOrder(
  server: Server,
  end: (connection: Connection) => void,
  maxHeldBytes: number = MAX_HELD_BYTES,
): void {
  let heldBytes = 0;
  const hold = (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    const bytes = rest.length + socket.readableLength;
    heldBytes += bytes;
    holdBack(server, request, socket, rest, () => {
      heldBytes -= bytes;
    });
    if (heldBytes <= maxHeldBytes || bytes <= SMALL_BYTES) return;
    const connection = connectionOf(socket as Socket);
    if (connection) end(connection);
  };
  server.on("upgrade", (request, socket, rest) => {
    if (answerUnderWay(socket)) hold(request, socket, rest);
    else answerUpgrade(server, request, socket as Socket, rest);
  });
  server.on("connect", (request, socket, rest) => {
    if (answerUnderWay(socket)) hold(request, socket, rest);
    else answerConnect(server, request, socket as Socket);
  });
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (hasBody(request) && !isHeldBack(request)) response.writeContinue();
    server.emit("request", request, response);
  });
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) =>
    server.emit("request", request, response),
  );
}

/** Keeps a request and what is behind it until the answer before it is with the kernel. */
function holdBack(
  server: Server,
  request: IncomingMessage,
  socket: Duplex,
  rest: Buffer,
  onRelease: () => void,
): void {
  const answer = answerUnderWay(socket);
  // Node took its own listeners away with the parser; the answer still needs these
  const onDrain = () => answer?.emit("drain");
  const onError = () => socket.destroy();
  socket.on("drain", onDrain).on("error", onError).pause();
  // now, for a client's end of its side is told as soon as nothing is left before it. One behind the
  // other rather than in one: the rest can be 64 KiB, for each request of them
  socket.unshift(rest);
  socket.unshift(headOf(request));
  const connection = connectionOf(socket as Socket);
  if (connection) connection.isHolding = true;
  const goOn = () => {
    onRelease();
    if (connection) connection.isHolding = false;
    socket.off("drain", onDrain).off("error", onError);
    if (socket.destroyed || socket.writableEnded) return;
    server.emit("connection", socket); // as a connection that begins with these bytes
    // Node's own listener would read more of the socket each time, however much of it is here; the
    // stream reads on by itself when there is little
    socket.removeAllListeners("resume");
    socket.resume();
  };
  // not at once: other connections have their turn between two requests of this one
  answer?.once("close", () => setImmediate(goOn));
}

/** The parser has accepted it, so that every part can be written as it was read. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2)
    head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return Buffer.from(`${head}\r\n`, "latin1");
}

/** No tunnel is made, so it is a request like another; Node has no answer ready for it. */
function answerConnect(server: Server, request: IncomingMessage, socket: Socket): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.destroySoon());
  socket.on("error", () => socket.destroy()).resume();
  server.emit("request", request, response);
}
