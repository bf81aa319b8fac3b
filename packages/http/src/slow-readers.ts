/** Clients that take too little of their answers: one sweep over all connections ends theirs. */
import { Counter } from "prom-client";
import type { Connection } from "./connections.ts";
import type { Metrics } from "./metrics.ts";
import { inodeOf, readSendQueues, takenByKernel } from "./send-queues.ts";

export interface ReadingPace {
  /** A connection with unsent output must move so much … */
  readonly bytesPerSecond: number;
  /** … over so long; an answer that streams costs little to hold. */
  readonly patienceMs: { readonly whole: number; readonly streaming: number };
  readonly sweepMs: number;
}

/** Told in docs/architecture.md. */
export const READING_PACE: ReadingPace = {
  bytesPerSecond: 1024,
  patienceMs: { whole: 10_000, streaming: 30_000 },
  sweepMs: 500,
};

/** @returns what ends a connection whose client takes too little, and counts it. */
export function createCut({ registry }: Pick<Metrics, "registry">): (one: Connection) => void {
  const slowReaders = new Counter({
    name: "airlock_http_slow_readers_total",
    help: "Connections that were ended because their clients took too little of an answer.",
    registers: [registry],
  });
  return ({ socket }) => {
    slowReaders.inc();
    socket.resetAndDestroy(); // the kernel too forgets what nobody reads
  };
}

/** A connection with unsent output, from one sweep to the next. */
interface Watch {
  since: number;
  /** Bytes that had been taken by then: by our kernel, or by the peer's. */
  base: number;
  isByPeer: boolean;
  readonly inode: string | undefined;
}

/**
 * What the kernel takes is a first look that costs nothing, and enough for most. But it takes nothing
 * for long from a client that reads well, until a third of its own buffer (up to 4 MiB) is free again;
 * so who seems slow is judged by what its peer has acknowledged, and so is who pipelines, for whom the
 * kernel would take thousands of answers. A peer that buffers counts as a reader while its buffer
 * grows: by then the bytes are not here any more.
 *
 * @param cut ends a connection.
 * @returns what ends the sweeps.
 */
export function watchReaders(
  connections: ReadonlySet<Connection>,
  cut: (connection: Connection) => void,
  { bytesPerSecond, patienceMs, sweepMs }: ReadingPace = READING_PACE,
): () => void {
  const watches = new Map<Connection, Watch>();

  /** @returns those that seem slow, with what the kernel has taken of theirs by now. */
  const look = (now: number): Map<Connection, number> => {
    const slow = new Map<Connection, number>();
    for (const connection of connections) {
      const { socket, isHolding, isTunnel } = connection;
      const watch = watches.get(connection);
      const taken = takenByKernel(socket);
      const isBusy = isHolding || socket.writableLength > 0;
      if (isTunnel || (!isBusy && !watch?.isByPeer)) {
        watches.delete(connection);
      } else if (!watch) {
        watches.set(connection, {
          since: now,
          base: taken,
          isByPeer: false,
          inode: inodeOf(socket),
        });
      } else if (watch.isByPeer || isHolding || taken - watch.base < enough(now - watch.since)) {
        slow.set(connection, taken);
      } else {
        Object.assign(watch, { since: now, base: taken });
      }
    }
    for (const connection of watches.keys()) {
      if (!connections.has(connection)) watches.delete(connection);
    }
    return slow;
  };

  const judge = async (slow: ReadonlyMap<Connection, number>) => {
    const inodes = [...slow.keys()].map((connection) => watches.get(connection)?.inode ?? "");
    const queues = await readSendQueues(new Set(inodes));
    const now = performance.now();
    for (const [connection, taken] of slow) {
      const watch = watches.get(connection);
      // a table that changes while it is read can leave a socket out
      const queued = watch?.inode === undefined ? 0 : queues.get(watch.inode);
      if (watch === undefined || queued === undefined) continue;
      const acknowledged = taken - queued;
      const patience = patienceMs[connection.isStreaming ? "streaming" : "whole"];
      if (queued + connection.socket.writableLength === 0) {
        watches.delete(connection);
      } else if (!watch.isByPeer || acknowledged - watch.base >= enough(patience)) {
        Object.assign(watch, { since: now, base: acknowledged, isByPeer: true });
      } else if (now - watch.since >= patience) {
        watches.delete(connection);
        cut(connection);
      }
    }
  };

  const enough = (ms: number) => (bytesPerSecond * ms) / 1000;
  let isJudging = false;
  const sweep = () => {
    const slow = look(performance.now());
    if (slow.size === 0 || isJudging) return;
    isJudging = true;
    void judge(slow).finally(() => {
      isJudging = false;
    });
  };
  const sweeping = setInterval(sweep, sweepMs).unref();
  return () => clearInterval(sweeping);
}
