/** Ports that nothing listens on. */
import { createServer } from "node:net";

/** Below the range that systems take the ports of outgoing connections from. */
const FIRST = 10_000;
/** Of each process its own, but for chance: who looks for ports beside it would find the same ones free. */
const COUNT = 100;
const SLICES = 220;
const own = FIRST + (process.pid % SLICES) * COUNT;
let next = 0;

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = own + (next++ % COUNT);
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
