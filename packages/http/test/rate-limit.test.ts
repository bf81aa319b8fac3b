/** A limit holds a request until it is known who is calling: exact, and fair to good proofs. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ProblemError } from "@airlock/contract";
import { createMetrics, type Held, rateLimitMaker } from "@airlock/http";
import type { FastifyRequest } from "fastify";

/** Of a flat list: name, value, name, value, … */
const pairsOf = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.flatMap((name, n) => (n % 2 === 0 ? [[name, list[n + 1] ?? ""]] : [])));

function make(t: TestContext, perMinute: number) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 1000;
  t.mock.method(performance, "now", () => nowMs);
  const metrics = createMetrics({ VERSION: "1", GIT_SHA: "a" });
  const limit = rateLimitMaker(metrics)({ name: "requests", perMinute });
  assert.ok(limit);
  const sent: Record<string, string>[] = [];
  const request = (address: string, caller?: string) => {
    const answerHeaders: string[] = [];
    return { caller, client: { address, network: address }, answerHeaders } as FastifyRequest;
  };
  const spend = (address: string, caller?: string) => {
    const asked = request(address, caller);
    try {
      limit.spend(asked);
      return "taken";
    } catch (error) {
      assert.ok(error instanceof ProblemError);
      return `${error.code} ${error.headers["retry-after"]}`;
    } finally {
      sent.push(pairsOf(asked.answerHeaders));
    }
  };
  /** What became of each hold, in order of their ends. */
  const ends: string[] = [];
  const held: Held[] = [];
  const hold = (address: string) =>
    void limit.hold(request(address)).then(
      (one) => {
        held.push(one);
        ends.push("held");
      },
      (error: ProblemError) => ends.push(`${error.code} ${error.headers["retry-after"]}`),
    );
  const turn = async () => {
    for (let n = 0; n < 10; n++) await Promise.resolve();
  };
  const pass = async (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
    await turn();
  };
  return { spend, hold, held, ends, turn, pass, sent };
}

test("a caller and its address are counted apart, and each by itself", (t) => {
  const { spend, sent } = make(t, 2);
  assert.deepEqual([spend("a"), spend("a"), spend("a")], ["taken", "taken", "rate_limited 60"]);
  assert.deepEqual([spend("a", "alice"), spend("b", "alice")], ["taken", "taken"]);
  assert.deepEqual([spend("c", "alice"), spend("c")], ["rate_limited 60", "taken"]);
  assert.deepEqual(sent.slice(0, 3), [
    { "ratelimit-limit": "2", "ratelimit-remaining": "1", "ratelimit-reset": "60" },
    { "ratelimit-limit": "2", "ratelimit-remaining": "0", "ratelimit-reset": "60" },
    { "ratelimit-limit": "2", "ratelimit-remaining": "0", "ratelimit-reset": "60" },
  ]);
});

test("Retry-After is true: one second earlier it is too early", async (t) => {
  const { spend, pass } = make(t, 1);
  spend("a");
  await pass(17_500);
  assert.equal(spend("a"), "rate_limited 43");
  await pass(42_499);
  assert.equal(spend("a"), "rate_limited 1");
  await pass(1);
  assert.equal(spend("a"), "taken");
});

test("what turns out to be nobody's stays spent; what waits for it is refused with it", async (t) => {
  const { hold, held, ends, turn } = make(t, 2);
  for (let n = 0; n < 5; n++) hold("a");
  await turn();
  assert.deepEqual(ends, ["held", "held"]);
  held[0]?.settle(false);
  await turn();
  assert.equal(ends.length, 2, "the other one may still be good");
  held[1]?.settle(false);
  await turn();
  assert.deepEqual(ends.slice(2), new Array(3).fill("rate_limited 60"));
});

test("200 good proofs of one address at a limit of 5: none refused, five at a time", async (t) => {
  const { hold, held, ends, turn } = make(t, 5);
  for (let n = 0; n < 200; n++) hold("a");
  let atOnce = 0;
  for (let settled = 0; settled < 200; settled++) {
    await turn();
    atOnce = Math.max(atOnce, held.length - settled);
    assert.ok(held[settled], `${settled} were held`);
    held[settled]?.settle(true);
  }
  assert.deepEqual([atOnce, ends.length, new Set(ends).size], [5, 200, 1]);
});

test("a place that comes free is one request's, and the rest waits on", async (t) => {
  const { hold, held, ends, turn } = make(t, 2);
  for (let n = 0; n < 4; n++) hold("a");
  await turn();
  held[0]?.settle(true);
  await turn();
  assert.equal(ends.length, 3);
  held[1]?.settle(false);
  held[2]?.settle(false);
  await turn();
  assert.deepEqual(ends.slice(3), ["rate_limited 60"]);
});

test("nobody waits for more than two seconds, nor leaves a place to one who has left", async (t) => {
  const { hold, held, ends, turn, pass } = make(t, 1);
  hold("a");
  hold("a");
  await pass(1000);
  hold("a");
  await pass(1000);
  assert.deepEqual(ends, ["held", "rate_limited 1"]);
  held[0]?.settle(true);
  await turn();
  assert.deepEqual(ends, ["held", "rate_limited 1", "held"]);
});

test("256 requests of one address wait; one more is refused at once, and told to come soon", async (t) => {
  const { hold, held, ends, turn } = make(t, 1);
  for (let n = 0; n < 1 + 256 + 3; n++) hold("a");
  await turn();
  assert.deepEqual(ends, ["held", ...new Array(3).fill("rate_limited 1")]);
  held[0]?.settle(false);
  await turn();
  assert.deepEqual(ends.slice(4), new Array(256).fill("rate_limited 60"));
});

test("what was held in a minute that is over is given back to nobody", async (t) => {
  const { hold, held, spend, pass } = make(t, 1);
  hold("a");
  await pass(60_000);
  assert.equal(spend("a"), "taken");
  held[0]?.settle(true);
  assert.equal(spend("a"), "rate_limited 60");
});
