/** Ports that nothing listens on, and that nobody else is given while this process lives. */
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the range that systems take the ports of outgoing connections from. */
const FIRST = 10_000;
/** A process gives ports of its own slice alone; it holds the slice by listening on the first of it. */
const SLICE = 100;
const SLICES = 220;
let slice: Promise<number> | undefined;
let next = 0;

export async function freePort(): Promise<number> {
  slice ??= ownSlice();
  const first = await slice;
  for (let tries = 1; tries < SLICE; tries++) {
    const port = first + 1 + (next++ % (SLICE - 1));
    const server = await listening(port);
    if (!server) continue;
    await once(server.close(), "close");
    return port;
  }
  throw new Error("no free port found");
}

/** The first that nobody holds, looked for from where others hardly look. */
async function ownSlice(): Promise<number> {
  for (let tries = 0; tries < SLICES; tries++) {
    const first = FIRST + ((process.pid + tries) % SLICES) * SLICE;
    const server = await listening(first);
    if (!server) continue;
    server.unref();
    return first;
  }
  throw new Error("no free ports found");
}

function listening(port: number) {
  const server = createServer();
  return new Promise<typeof server | undefined>((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
