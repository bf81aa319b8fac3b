/** What the kernel still holds of what was sent: Linux tells for each socket, other systems do not. */
import { createReadStream, readlinkSync } from "node:fs";
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
/** The tables have a line for each socket of the system: they are read in pieces that are soon forgotten. */
const PIECE_BYTES = 16_384;

/**
 * @param inodes of the sockets that are asked for.
 * @returns by inode, bytes that the kernel has taken and the peer's kernel has not acknowledged
 * (proc(5), /proc/net/tcp); empty where there is no such file.
 */
export async function readSendQueues(
  inodes: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const queues = new Map<string, number>();
  for (const name of ["tcp", "tcp6"]) {
    const options = { encoding: "latin1", highWaterMark: PIECE_BYTES } as const;
    let partial = "";
    try {
      for await (const piece of createReadStream(`/proc/self/net/${name}`, options)) {
        const text: string = partial + piece;
        const end = text.lastIndexOf("\n") + 1;
        partial = text.slice(end);
        for (const [, queued = "", inode = ""] of text.slice(0, end).matchAll(LINE)) {
          if (inodes.has(inode)) queues.set(inode, Number.parseInt(queued, 16));
        }
      }
    } catch {
      // no such file: not Linux, or no IPv6
    }
  }
  return queues;
}
