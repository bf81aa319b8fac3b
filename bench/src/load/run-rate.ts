/** Load at a fixed rate over many connections: what a client of a busy, not a full, proxy waits. */
import { everyName } from "../cases.ts";
import { Connection } from "./connection.ts";
import { Requests } from "./requests.ts";
import type { SlotResult } from "./run-load.ts";
import type { Slot } from "./slot.ts";

/**
 * A request's time counts from when it was due: one that had to wait for a connection, because all
 * answers before it were late, is late itself. The connection that has been idle longest is next, so
 * that all of them are in use.
 */
export function runRate(slot: Slot & { readonly perSecond: number }): Promise<SlotResult> {
  const { port, connections, durationMs, perSecond, what } = slot;
  const { promise, resolve, reject } = Promise.withResolvers<SlotResult>();
  const all = new Requests(slot);
  const expected = everyName(what.bodyBytes).map((name) => all.of(name));
  const total = Math.floor((durationMs / 1000) * perSecond);
  const latenciesMs: number[] = [];
  const everyConnection: Connection[] = [];
  const idle: (() => void)[] = [];
  let startedAt = 0;
  let sent = 0;
  let isOver = false;

  const end = () => {
    isOver = true;
    for (const one of everyConnection) one.end();
  };
  const failed = (reason: string) => {
    end();
    reject(new Error(reason));
  };
  const sendDue = () => {
    if (isOver) return;
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    while (sent < due) {
      const start = idle.shift();
      if (!start) break;
      start();
    }
    if (sent < total) setImmediate(sendDue);
  };
  for (let index = 0; index < connections; index++) {
    let dueAt = 0;
    const start = () => {
      const one = expected[sent % expected.length];
      if (!one) return;
      dueAt = startedAt + (sent++ / perSecond) * 1000;
      connection.send(one);
    };
    const finished = () => {
      const now = performance.now();
      latenciesMs.push(now - dueAt);
      idle.push(start);
      if (latenciesMs.length < total) return;
      end();
      resolve({ requests: total, elapsedMs: now - startedAt, latenciesMs });
    };
    const connection = new Connection({ port, client: index, finished, failed }, () => {
      idle.push(start);
      if (idle.length < connections) return;
      startedAt = performance.now();
      sendDue();
    });
    everyConnection.push(connection);
  }
  return promise;
}
