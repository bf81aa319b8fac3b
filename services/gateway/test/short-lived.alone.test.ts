/** What a request has needed is garbage at once: nothing that lives long holds it until a full collection. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Call, CallOwner } from "../src/upstream/call.ts";
import { Lane } from "../src/upstream/lane.ts";
import { type Listener, Reader, Shares } from "../src/upstream/share.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (how?: { type: "minor" }) => void;

const REQUESTS = 4000;
const AT_ONCE = 64;
const WEIGHT = 1000;

/** Bytes that `turn` leaves behind, called for each request, once what lives long is old. */
async function leftBehind(turn: (n: number) => void): Promise<number> {
  for (let n = 0; n < AT_ONCE; n++) turn(n);
  collect();
  collect();
  const before = getHeapStatistics().used_heap_size;
  for (let n = AT_ONCE; n < REQUESTS; n++) {
    turn(n);
    if (n % 500 === 0) collect({ type: "minor" });
    if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (let n = 0; n < 3; n++) collect({ type: "minor" });
  return getHeapStatistics().used_heap_size - before;
}

/** A tenth of what all of them hold would be too much. */
const LIMIT = (REQUESTS * WEIGHT * 8) / 10;

test("requests that have left a share", async () => {
  const shares = new Shares();
  const owners: CallOwner[] = [];
  const bytes = await leftBehind((n) => {
    const listener: Listener & { weight: number[] } = {
      weight: new Array<number>(WEIGHT).fill(n),
      answered() {},
      failed() {},
    };
    const client = { destroyed: false, on() {} } as unknown as ServerResponse;
    const reader = new Reader(client, `${n}`, undefined, listener);
    // as long as what it names, which is not to stay either
    shares.join(reader, `key ${n}`.padEnd(WEIGHT * 4), {
      call(owner) {
        owners.push(owner);
        return { abort() {} } as unknown as Call;
      },
    });
    if (owners.length < AT_ONCE) return;
    owners.shift()?.answered({ status: 200, headers: {}, body: [] });
  });
  assert.ok(bytes < LIMIT, `${bytes} bytes`);
});

test("requests that have left the queue of a lane", async () => {
  const places = { places: 0, maxQueued: 1000, bodyPauseMs: 1000 };
  const lane = new Lane({ ...places, origin: "http://127.0.0.1:9", connect: {} });
  const waiting: Parameters<Lane["leave"]>[0][] = [];
  const bytes = await leftBehind((n) => {
    const weight = new Array<number>(WEIGHT).fill(n);
    const entrant = { holder: undefined, weight, enter() {} };
    assert.equal(lane.enter(entrant), false);
    waiting.push(entrant);
    const first = waiting.length < AT_ONCE ? undefined : waiting.shift();
    if (first) lane.leave(first);
  });
  assert.ok(bytes < LIMIT, `${bytes} bytes`);
});
