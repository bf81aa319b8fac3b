/** When the breaker opens, and how it closes. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Breaker } from "../src/upstream/breaker.ts";

function make(t: TestContext) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let now = 1_000_000;
  t.mock.method(performance, "now", () => now);
  const state = { isBack: false, probes: 0, changes: [] as boolean[] };
  const breaker = new Breaker({
    probe: async () => {
      state.probes++;
      if (!state.isBack) throw new Error("silent");
    },
    onChange: (isOpen) => state.changes.push(isOpen),
  });
  t.after(() => breaker.stop());
  const pass = async (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return { breaker, state, pass };
}

const many = (count: number, work: () => void) => {
  for (let i = 0; i < count; i++) work();
};

test("three connect failures in a row open it, two and an answer do not", (t) => {
  const { breaker } = make(t);
  breaker.connectFailed();
  breaker.connectFailed();
  breaker.callEnded(true);
  breaker.connectFailed();
  breaker.connectFailed();
  assert.equal(breaker.isOpen, false);
  breaker.connectFailed();
  assert.equal(breaker.isOpen, true);
});

test("nine silent calls do not open it, ten do", (t) => {
  const { breaker } = make(t);
  many(9, () => breaker.callEnded(false));
  assert.equal(breaker.isOpen, false);
  breaker.callEnded(false);
  assert.equal(breaker.isOpen, true);
});

test("half of the calls of ten seconds open it, a third does not", async (t) => {
  const { breaker, pass } = make(t);
  for (let i = 0; i < 30; i++) {
    breaker.callEnded(true);
    breaker.callEnded(true);
    breaker.callEnded(false);
    await pass(100);
  }
  assert.equal(breaker.isOpen, false);
  await pass(20_000);
  many(8, () => {
    breaker.callEnded(true);
    breaker.callEnded(false);
  });
  assert.equal(breaker.isOpen, true);
});

test("good times before do not delay it: the last ten without an answer are enough", (t) => {
  const { breaker } = make(t);
  many(500, () => breaker.callEnded(true));
  many(10, () => breaker.callEnded(false));
  assert.equal(breaker.isOpen, true);
});

test("silent calls longer ago than ten seconds do not count", async (t) => {
  const { breaker, pass } = make(t);
  many(5, () => breaker.callEnded(false));
  await pass(11_000);
  many(5, () => breaker.callEnded(false));
  assert.equal(breaker.isOpen, false);
});

test("while open the upstream is probed once a second, and one answer closes it", async (t) => {
  const { breaker, state, pass } = make(t);
  many(10, () => breaker.callEnded(false));
  for (let i = 0; i < 5; i++) await pass(1000);
  assert.deepEqual([state.probes, breaker.isOpen], [5, true]);
  state.isBack = true;
  await pass(1000);
  assert.deepEqual([state.probes, breaker.isOpen], [6, false]);
  for (let i = 0; i < 5; i++) await pass(1000);
  assert.equal(state.probes, 6);
  assert.deepEqual(state.changes, [true, false]);
});
