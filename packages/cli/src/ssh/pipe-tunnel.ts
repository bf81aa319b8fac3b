/** Two ends joined: what one reads the other writes, until either is over. */
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { CliError } from "../cli-error.ts";
import type { Tunnel } from "./tunnel.ts";

export interface NearEnd {
  readonly readable: Readable;
  readonly writable: Writable;
}

/** Whoever has said all may still wait for the answer; a WebSocket knows no half of an end. */
const GRACE_MS = 10_000;

/** @returns how the tunnel ended; undefined for a plain end. */
export async function pipeTunnel(
  { stream, ended, close }: Tunnel,
  { readable, writable }: NearEnd,
  graceMs = GRACE_MS,
): Promise<CliError | undefined> {
  let timer: NodeJS.Timeout | undefined;
  // of one that has left while the tunnel was opened no event comes any more
  const gone = finished(writable, { readable: false }).catch(() => {});
  const giveUpLater = () => {
    clearTimeout(timer);
    timer = setTimeout(close, graceMs);
  };
  readable.pipe(stream, { end: false });
  stream.pipe(writable);
  readable.once("end", () => {
    giveUpLater();
    stream.on("data", giveUpLater);
  });
  readable.on("error", close);
  void gone.then(close);
  // what came last is still on its way when the other end has closed
  const taken = finished(stream, { writable: false }).catch(() => {});
  const end = await ended;
  clearTimeout(timer);
  readable.unpipe(stream);
  if (end === undefined) await Promise.race([taken, gone]);
  return end;
}
