/** How many connections may be open, and whose ends when there are more: of whoever has the most. */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { Counter, Gauge } from "prom-client";
import { answerUnderWay } from "./answer-under-way.ts";
import { type Connection, connectionOf } from "./connections.ts";
import type { Metrics } from "./metrics.ts";

/** Each takes 10 KiB while nothing happens on it. Told in docs/architecture.md. */
export const MAX_CONNECTIONS = 4000;

export interface ConnectionLimit {
  readonly max: number;
  /** Whose a connection is. */
  readonly networkOf: (socket: Socket) => string;
  /** Ends a connection. */
  readonly end: (connection: Connection) => void;
}

/**
 * Nobody is asked who it is before it has a connection, and an idle one costs its client nothing. When
 * there are too many, whoever has the most loses the oldest on which nothing is under way; without
 * one, the newest is refused. So a client with thousands only takes from itself, and a proxy in
 * front of many has as many as there are.
 */
export function limitConnections(server: Server, { max, networkOf, end }: ConnectionLimit): void {
  const open = new Map<string, Set<Connection>>();
  let count = 0;

  /** Now, not when its socket has closed: others may come before that. */
  const forget = (network: string, connection: Connection): void => {
    const own = open.get(network);
    if (!own?.delete(connection)) return;
    count--;
    if (own.size === 0) open.delete(network);
  };

  /** Looks at each network, but only when there are too many connections. */
  const endOne = (network: string, newest: Connection): void => {
    let whose = network;
    let most = open.get(network) ?? new Set();
    for (const [other, its] of open) if (its.size > most.size) [whose, most] = [other, its];
    for (const connection of most) {
      if (isBusy(connection)) continue;
      forget(whose, connection);
      return void end(connection);
    }
    forget(network, newest);
    end(newest);
  };

  server.on("connection", (socket) => {
    const connection = connectionOf(socket);
    const network = networkOf(socket);
    const own = open.get(network) ?? new Set();
    if (connection === undefined || own.has(connection)) return; // it waited for its turn (see pipelining.ts)
    open.set(network, own.add(connection));
    count++;
    socket.once("close", () => forget(network, connection));
    if (count > max) endOne(network, connection);
  });
}

/** @returns what ends a connection for which there is no room, and counts it. */
export function createCrowdedEnd(
  { registry }: Pick<Metrics, "registry">,
  connections: ReadonlySet<Connection>,
): (connection: Connection) => void {
  new Gauge({
    name: "airlock_http_connections",
    help: "Open connections of clients.",
    registers: [registry],
    collect() {
      this.set(connections.size);
    },
  });
  const crowded = new Counter({
    name: "airlock_http_connections_crowded_total",
    help: "Connections that were ended because there were more than 4000, or too much behind their requests in progress.",
    registers: [registry],
  });
  return ({ socket }) => {
    crowded.inc();
    socket.destroy();
  };
}

/** A tunnel, or one with an answer to wait for: to a request that has arrived. */
function isBusy({ socket, isTunnel }: Connection): boolean {
  return isTunnel || socket.writableLength > 0 || answerUnderWay(socket)?.req.complete === true;
}
