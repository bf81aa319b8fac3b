/** Stands between a store and its server and breaks what passes at a chosen moment. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after } from "node:test";

/**
 * - lose-before: the statement never reaches the server, and the connection breaks
 * - lose-after: the server gets the statement, nobody gets the answer
 * - fall-silent: nothing passes any more, nothing breaks
 */
export type Fault = "lose-before" | "lose-after" | "fall-silent";

export interface Proxy {
  readonly url: string;
  /** The next statement that contains `word` meets the fault. */
  arm(word: string, fault: Fault): void;
}

export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl);
  let armed: { word: string; fault: Fault } | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on("data", (data) => client.write(data));
    client.on("data", (data) => {
      const fault = armed && data.includes(armed.word) ? armed.fault : undefined;
      if (fault) armed = undefined;
      if (fault !== "lose-before") upstream.write(data);
      if (fault === "lose-before") client.destroy();
      if (fault) upstream.removeAllListeners("data");
      // the answer is the proof that the server has carried it out
      if (fault === "lose-after") upstream.once("data", () => client.destroy());
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = new URL(databaseUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    arm: (word, fault) => {
      armed = { word, fault };
    },
  };
}
