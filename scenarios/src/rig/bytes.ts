/** Bytes to and from the byte server, as fast as they go. */
import { once } from "node:events";
import { connectTo } from "./tunnels.ts";

const BLOCK = Buffer.alloc(65_536, "x");

/** @returns milliseconds until the server has said that it has them all. */
export async function sendAll(port: number, size: number): Promise<number> {
  const socket = connectTo(port);
  const began = performance.now();
  socket.write(`take ${size}\n`);
  const answered = once(socket, "data");
  for (let left = size; left > 0; left -= BLOCK.length) {
    if (!socket.write(left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK)) {
      await once(socket, "drain");
    }
  }
  await answered;
  const tookMs = performance.now() - began;
  socket.destroy();
  return tookMs;
}

/** @returns milliseconds until the last byte has come. */
export async function takeAll(port: number, size: number): Promise<number> {
  const socket = connectTo(port);
  const began = performance.now();
  socket.write(`give ${size}\n`);
  let left = size;
  await new Promise<void>((resolve, reject) => {
    socket.on("data", (part: Buffer) => {
      left -= part.length;
      if (left === 0) resolve();
    });
    socket.once("close", () => reject(new Error(`${left} of ${size} bytes did not come`)));
  });
  const tookMs = performance.now() - began;
  socket.destroy();
  return tookMs;
}
