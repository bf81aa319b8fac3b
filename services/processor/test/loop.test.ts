/** What is done over and over: when it is called for, every so often, and sooner where it failed. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { startLoop } from "../src/loop.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

test("what fails is tried again soon, not a period later, and its period is its own once it works", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  let runs = 0;
  const loop = startLoop({
    name: "nodes",
    periodMs: 30_000,
    log: silent,
    async work() {
      if (++runs <= 3) throw new Error("the database is away");
      return false;
    },
  });
  const seen: number[] = [];
  for (const ms of [0, 499, 1, 1000, 2000, 29_999, 1]) {
    mock.timers.tick(ms);
    await turn();
    seen.push(runs);
    // trouble is not hurried by calls
    if (runs < 4) loop.nudge();
  }
  assert.deepEqual(seen, [1, 1, 2, 3, 4, 4, 5]);
  await loop.stop();
});
