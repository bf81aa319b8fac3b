/** What is known of each connection, from its first byte to its last. */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { answerUnderWay } from "./answer-under-way.ts";
import type { App } from "./app-type.ts";
import { hasBody } from "./bodies.ts";

/** Kept-alive connections end about this old, so that new pods get their share of traffic. */
const MAX_AGE_MS = 45_000;
const AGE_JITTER = 0.2;

export interface Connection {
  readonly socket: Socket;
  /** By `performance.now()`. */
  readonly closeAfter: number;
  /** Its answer is sent on as it comes in, so that little of it is here at a time. */
  isStreaming: boolean;
  /** What it holds has its place elsewhere (see answer-room.ts). */
  isCounted: boolean;
  /** There are requests behind the one in progress (see pipelining.ts). */
  isHolding: boolean;
  /** It is not HTTP's any more (see tunnel/): its reader may be as slow as it likes. */
  isTunnel: boolean;
}

/** Kept on the socket itself: a request that looks into a WeakMap pays more. */
const CONNECTION = Symbol("connection");

type Known = Socket & { [CONNECTION]?: Connection };

/** Undefined for what is no connection, as in tests without a server. */
export const connectionOf = (socket: Known): Connection | undefined => socket[CONNECTION];

/** @returns the open connections. */
export function trackConnections(server: Server): ReadonlySet<Connection> {
  const open = new Set<Connection>();
  server.on("connection", (socket: Known) => {
    if (socket[CONNECTION]) return; // it waited for its turn (see pipelining.ts)
    const jitter = 1 + AGE_JITTER * (2 * Math.random() - 1);
    const closeAfter = performance.now() + MAX_AGE_MS * jitter;
    const is = { isStreaming: false, isCounted: false, isHolding: false, isTunnel: false };
    const connection = { socket, closeAfter, ...is };
    socket[CONNECTION] = connection;
    open.add(connection);
    socket.once("close", () => open.delete(connection));
  });
  return open;
}

/**
 * Adds `Connection: close` to answers on old connections, to those that overtake their request's
 * body, and to all of them while draining: peers then open their next connection elsewhere, and none
 * is idle here when the listener closes.
 */
export function registerConnectionEnd(app: App): void {
  app.decorate("isDraining", false);
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (endsConnection(reply, isStream(payload))) reply.header("connection", "close");
    done();
  });
}

/**
 * Once the listener closes Node looks for late heads no more, and whoever sends none would keep the process: when
 * none may still come, connections without an answer under way end.
 *
 * @param limitMs as long as a head may take.
 */
export function endSilent(
  app: Pick<App, "addHook">,
  connections: ReadonlySet<Connection>,
  limitMs: number,
): void {
  app.addHook("preClose", (done) => {
    setTimeout(() => {
      for (const { socket, isTunnel } of connections) {
        if (!isTunnel && !answerUnderWay(socket)) socket.destroy();
      }
    }, limitMs).unref();
    done();
  });
}

/** Called once for each answer. @returns whether its connection must end with it. */
export function endsConnection({ request, server }: FastifyReply, isStreaming: boolean): boolean {
  const { raw } = request;
  const connection = connectionOf(raw.socket);
  if (connection) connection.isStreaming = isStreaming;
  const isOld = connection !== undefined && performance.now() > connection.closeAfter;
  return server.isDraining || isOld || (hasBody(raw) && !raw.complete);
}

const isStream = (payload: unknown): boolean =>
  typeof (payload as { pipe?: unknown } | null | undefined)?.pipe === "function";
