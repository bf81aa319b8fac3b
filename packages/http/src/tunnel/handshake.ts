/** The head of a request for a WebSocket (RFC 6455 §4.2.1), and the connection that it becomes. */
import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ProblemError } from "@airlock/contract";
import type { FastifyReply, FastifyRequest } from "fastify";
import { answerUnderWay } from "../answer-under-way.ts";
import { connectionOf } from "../connections.ts";

/** What came behind the head, kept on the request. */
const REST = Symbol("rest");
type Asking = IncomingMessage & { [REST]?: Buffer };

/**
 * For the server's event `upgrade`: the request takes the way of all others, through every hook, and is
 * refused as they are. A handler may take its connection instead of answering.
 */
export function answerUpgrade(server: Server, request: Asking, socket: Socket, rest: Buffer): void {
  request[REST] = rest;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => {
    socket.resume(); // closing a socket with unread data resets it, and can take the answer away
    socket.destroySoon();
  });
  socket.on("error", () => socket.destroy());
  // HTTP's parser is gone, and with it whoever would see that the client has left
  socket.once("end", () => {
    if (answerUnderWay(socket) === response) socket.destroySoon();
  });
  server.emit("request", request, response);
}

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** @throws ProblemError upgrade_required, or bad_request for what is no request for a WebSocket. */
export function demandWebSocket({ raw }: FastifyRequest): void {
  const { headers } = raw;
  if ((raw as Asking)[REST] === undefined) {
    throw new ProblemError(
      "upgrade_required",
      "Only a WebSocket can be had here: send Connection: Upgrade and Upgrade: websocket.",
      { headers: { upgrade: "websocket" } },
    );
  }
  if (headers["sec-websocket-version"] !== "13") {
    throw new ProblemError("bad_request", "Sec-WebSocket-Version must be 13.", {
      headers: { "sec-websocket-version": "13" },
    });
  }
  if (!KEY.test(headers["sec-websocket-key"] ?? "")) {
    throw new ProblemError("bad_request", "Sec-WebSocket-Key must be 16 bytes in base64.");
  }
}

/** How a tunnel went, for the log. */
export interface TunnelEnd {
  /** In the words of the client: what it sent, and what it got. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Who or what ended it, in a word, or the code of the close frame. */
  readonly end: string | number;
}

export interface TakenConnection {
  /** Not read yet, from the first byte behind the head. */
  readonly socket: Socket;
  /** Writes the request's log line, once. */
  over(end: TunnelEnd): void;
}

/** Logged and counted as the status of what became a tunnel. */
export const SWITCHED = 101;

/** Takes the connection out of HTTP's hands: nothing is answered any more, and no limit of requests holds. */
export function takeConnection(request: FastifyRequest, reply: FastifyReply): TakenConnection {
  const raw = request.raw as Asking;
  const { socket } = raw;
  const response = reply.raw;
  // its client has left: the line is written
  let isTold = response.destroyed;
  reply.hijack();
  if (answerUnderWay(socket) === response) response.detachSocket(socket);
  const connection = connectionOf(socket);
  if (connection) connection.isTunnel = true;
  socket.setTimeout(0).setNoDelay(true);
  const rest = raw[REST];
  if (rest !== undefined && rest.length > 0) socket.unshift(rest);
  return {
    socket,
    over({ sentBytes, receivedBytes, end }) {
      if (isTold) return;
      isTold = true;
      request.brokenStatus = SWITCHED;
      request.logFields = {
        ...request.logFields,
        sent_bytes: sentBytes,
        received_bytes: receivedBytes,
        tunnel_end: end,
      };
      response.emit("close");
    },
  };
}
