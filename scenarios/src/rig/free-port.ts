/** Ports that nothing listens on. */
import { createServer } from "node:net";

/** Below the range that systems take the ports of outgoing connections from. */
const FIRST = 20_000;
const COUNT = 10_000;
let next = Math.floor(Math.random() * COUNT);

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error("no free port found");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
