/** What the kernel still holds of what was sent: Linux tells for each socket, other systems do not. */
import { readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";

/** Of `net.Socket`, from Node's own sources: there is no other way to these three numbers. */
interface Handle {
  /** Bytes given to libuv, and how many of them the kernel has not taken. */
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
  readonly fd: number;
}

const handleOf = (socket: Socket): Handle | undefined =>
  (socket as { _handle?: Handle | null })._handle ?? undefined;

/** Bytes that the kernel has taken of this socket's output, from the beginning on. */
export function takenByKernel(socket: Socket): number {
  const handle = handleOf(socket);
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
}

/** How the system calls this socket; undefined where it does not tell. */
export function inodeOf(socket: Socket): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${handleOf(socket)?.fd}`))?.[1];
  } catch {
    return undefined;
  }
}

/** Number, two addresses, state, `tx_queue:rx_queue`, timer, retransmissions, user, time-out, inode. */
const LINE = /^ *\d+: \S+ \S+ \S+ ([0-9A-F]+):\S+ \S+ \S+ +\d+ +\d+ (\d+) /gm;

/**
 * @returns by inode, bytes that the kernel has taken and the peer's kernel has not acknowledged
 * (proc(5), /proc/net/tcp); empty where there is no such file.
 */
export async function readSendQueues(): Promise<ReadonlyMap<string, number>> {
  const queues = new Map<string, number>();
  for (const name of ["tcp", "tcp6"]) {
    const text = await readFile(`/proc/self/net/${name}`, "latin1").catch(() => "");
    for (const [, queued = "", inode = ""] of text.matchAll(LINE)) {
      queues.set(inode, Number.parseInt(queued, 16));
    }
  }
  return queues;
}
