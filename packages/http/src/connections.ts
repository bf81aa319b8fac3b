/** What happens to connections rather than requests: their age, their end, their odd events. */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ProblemError } from "@airlock/contract";
import type { App } from "./app-type.ts";
import { hasBody } from "./bodies.ts";
import { renderRaw } from "./client-errors.ts";
import { requestIdOf } from "./request-context.ts";

/** Kept-alive connections end about this old, so that new pods get their share of traffic. */
const MAX_AGE_MS = 45_000;
const AGE_JITTER = 0.2;

/**
 * Adds `Connection: close` to answers on old connections, to those that overtake their request's
 * body, and to all of them while draining: peers then open their next connection elsewhere, and none
 * is idle here when the listener closes.
 */
export function registerConnectionAge(app: App): void {
  app.decorate("isDraining", false);
  const closeAfter = new WeakMap<Socket, number>();
  app.server.on("connection", (socket: Socket) => {
    const jitter = 1 + AGE_JITTER * (2 * Math.random() - 1);
    closeAfter.set(socket, performance.now() + MAX_AGE_MS * jitter);
  });
  app.addHook("onSend", (request, reply, _payload, done) => {
    const { raw } = request;
    const limit = closeAfter.get(raw.socket);
    const isOld = limit !== undefined && performance.now() > limit;
    const isUnread = hasBody(raw) && !raw.complete;
    if (app.isDraining || isOld || isUnread) {
      reply.header("connection", "close");
    }
    done();
  });
}

/**
 * Requests that Node would answer or drop by itself, without a problem body.
 *
 * `Expect: 100-continue` is served as if it were not there when no body follows, so that there is
 * one answer per request; any other expectation is 417 (RFC 9110 §10.1.1). CONNECT is 405.
 */
export function answerOddRequests(server: Server): void {
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (hasBody(request)) response.writeContinue();
    server.emit("request", request, response);
  });
  server.on("checkExpectation", (request: IncomingMessage) => {
    const problem = new ProblemError("expectation_failed", "Only 100-continue can be expected.");
    const answer = renderRaw(problem, requestIdOf(request));
    const head = answer.slice(0, answer.indexOf("\r\n\r\n") + 4);
    request.socket.end(request.method === "HEAD" ? head : answer);
  });
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    const problem = new ProblemError("method_not_allowed", "This is no proxy.");
    socket.on("error", () => {}).end(renderRaw(problem, requestIdOf(request)));
  });
}
