/** How many connections may be open, and whose ends when there are more: of whoever has the most. */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { Counter, Gauge } from "prom-client";
import { type Connection, connectionOf } from "./connections.ts";
import type { Metrics } from "./metrics.ts";
import { answerUnderWay } from "./pipelining.ts";

/** Each takes 10 KiB while nothing happens on it. Told in docs/architecture.md. */
export const MAX_CONNECTIONS = 5000;

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

  /** Looks at each network, but only when there are too many connections. */
  const spare = (newest: Connection, own: Set<Connection>): Connection => {
    let most = own;
    for (const others of open.values()) if (others.size > most.size) most = others;
    for (const one of most) if (!isBusy(one.socket)) return one;
    return newest;
  };

  server.on("connection", (socket) => {
    const connection = connectionOf(socket);
    const network = networkOf(socket);
    const own = open.get(network) ?? new Set();
    if (connection === undefined || own.has(connection)) return; // it waited for its turn (see pipelining.ts)
    open.set(network, own.add(connection));
    count++;
    socket.once("close", () => {
      count--;
      own.delete(connection);
      if (own.size === 0 && open.get(network) === own) open.delete(network);
    });
    if (count > max) end(spare(connection, own));
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
    help: "Connections that were ended because there were more than 5000, or too much behind their requests in progress.",
    registers: [registry],
  });
  return ({ socket }) => {
    crowded.inc();
    socket.destroy();
  };
}

/** Whether there is an answer to wait for: to a request that has arrived. */
function isBusy(socket: Socket): boolean {
  return socket.writableLength > 0 || answerUnderWay(socket)?.req.complete === true;
}
