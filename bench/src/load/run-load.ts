/** One slot of load on one proxy: 64 connections, each with one request under way, for so long. */
import { bodyOf, type Case, CONNECTIONS, namesOf } from "../cases.ts";
import { Connection, type Expected } from "./connection.ts";

export interface Slot {
  readonly port: number;
  /** What stands before the parameter's name in the path. */
  readonly prefix: string;
  readonly what: Case;
  readonly durationMs: number;
}

export interface SlotResult {
  /** Answers whose body was right to the last byte. */
  readonly requests: number;
  /** From the first request until the last connection had its last answer. */
  readonly elapsedMs: number;
}

/** Rejects at the first answer that is not the right one: a fast wrong answer is worth nothing. */
export function runLoad(slot: Slot): Promise<SlotResult> {
  const { promise, resolve, reject } = Promise.withResolvers<SlotResult>();
  const bodies = new Map<string, Expected>();
  let waiting = CONNECTIONS;
  let running = CONNECTIONS;
  let requests = 0;
  let startedAt = 0;
  let deadline = 0;

  const connections = Array.from({ length: CONNECTIONS }, (_, index) => {
    const expected = namesOf(slot.what, index).map((name) => {
      const known = bodies.get(name) ?? expectedOf(slot, name);
      bodies.set(name, known);
      return known;
    });
    let turn = -1;
    const next = () => {
      if (turn++ >= 0) requests++;
      if (performance.now() < deadline) return expected[turn % expected.length];
      if (--running === 0) resolve({ requests, elapsedMs: performance.now() - startedAt });
      return undefined;
    };
    const failed = (reason: string) => {
      deadline = 0;
      reject(new Error(reason));
    };
    return new Connection({ port: slot.port, next, failed }, () => {
      if (--waiting > 0) return;
      startedAt = performance.now();
      deadline = startedAt + slot.durationMs;
      for (const one of connections) one.send();
    });
  });
  return promise;
}

function expectedOf({ port, prefix, what }: Slot, name: string): Expected {
  const head = [
    `GET ${prefix}${name} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    "accept: application/json",
    "user-agent: airlock-bench",
    "\r\n",
  ];
  return { request: Buffer.from(head.join("\r\n")), body: bodyOf(name, what.bodyBytes) };
}
