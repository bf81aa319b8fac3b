/** One slot of load on one proxy: connections with one request under way each, for so long. */
import { namesOf } from "../cases.ts";
import { Connection } from "./connection.ts";
import { Requests } from "./requests.ts";
import type { Slot } from "./slot.ts";

export interface SlotResult {
  /** Answers whose body was right to the last byte. */
  readonly requests: number;
  /** From the first request until the last connection had its last answer. */
  readonly elapsedMs: number;
  /** From when each request was due until its last byte; only at a fixed rate. */
  readonly latenciesMs?: readonly number[];
}

/** Rejects at the first answer that is not the right one: a fast wrong answer is worth nothing. */
export function runLoad(slot: Slot): Promise<SlotResult> {
  const { promise, resolve, reject } = Promise.withResolvers<SlotResult>();
  const all = new Requests(slot);
  let waiting = slot.connections;
  let running = slot.connections;
  let requests = 0;
  let startedAt = 0;
  let deadline = 0;

  const starts = Array.from({ length: slot.connections }, (_, index) => {
    const expected = namesOf(slot.what, index).map((name) => all.of(name));
    let turn = 0;
    const next = () => {
      const one = expected[turn++ % expected.length];
      if (one && performance.now() < deadline) return connection.send(one);
      connection.end();
      if (--running === 0) resolve({ requests, elapsedMs: performance.now() - startedAt });
    };
    const finished = () => {
      requests++;
      next();
    };
    const failed = (reason: string) => {
      deadline = 0;
      reject(new Error(reason));
    };
    const connection = new Connection({ port: slot.port, client: index, finished, failed }, () => {
      if (--waiting > 0) return;
      startedAt = performance.now();
      deadline = startedAt + slot.durationMs;
      for (const start of starts) start();
    });
    return next;
  });
  return promise;
}
