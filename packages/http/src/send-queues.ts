/** What the kernel still holds of what was sent: Linux tells for each socket, other systems do not. */
import { closeSync, openSync, readlinkSync, readSync } from "node:fs";
import type { Socket } from "node:net";
import { setImmediate as othersTurn } from "node:timers/promises";

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

/**
 * Number, two addresses, state, `tx_queue:rx_queue`, timer, retransmissions, user, time-out, inode; but for
 * those that wait for nothing but their end (06), of which there can be very many.
 */
const LINE = /^ *\d+: \S+ \S+ (?!06)\S+ ([0-9A-F]+):\S+ \S+ \S+ +\d+ +\d+ (\d+) /gm;
/** The kernel gives one page at a time, however much is asked for. */
const PAGE_BYTES = 4096;
/** Then others have their turn: a table of 10,000 sockets takes 20 ms, and 400 turns if each page were waited for. */
const SLICE_MS = 4;

/**
 * @param inodes of the sockets that are asked for.
 * @returns by inode, bytes that the kernel has taken and the peer's kernel has not acknowledged
 * (proc(5), /proc/net/tcp); empty where there is no such file.
 */
export async function readSendQueues(
  inodes: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const queues = new Map<string, number>();
  const page = Buffer.allocUnsafe(PAGE_BYTES);
  let sliceEndsAt = performance.now() + SLICE_MS;
  for (const name of ["tcp", "tcp6"]) {
    const file = openTable(name);
    if (file === undefined) continue;
    let partial = "";
    try {
      for (let size = readSync(file, page); size > 0; size = readSync(file, page)) {
        const text: string = partial + page.toString("latin1", 0, size);
        const end = text.lastIndexOf("\n") + 1;
        partial = text.slice(end);
        for (const [, queued = "", inode = ""] of text.slice(0, end).matchAll(LINE)) {
          if (inodes.has(inode)) queues.set(inode, Number.parseInt(queued, 16));
        }
        if (performance.now() < sliceEndsAt) continue;
        await othersTurn();
        sliceEndsAt = performance.now() + SLICE_MS;
      }
    } finally {
      closeSync(file);
    }
  }
  return queues;
}

/** Undefined where the system has no such table: not Linux, or no IPv6. */
function openTable(name: string): number | undefined {
  try {
    return openSync(`/proc/self/net/${name}`, "r");
  } catch {
    return undefined;
  }
}
