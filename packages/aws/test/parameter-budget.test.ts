/** The budget of calls: how fast, who goes first, and what happens when SSM throttles. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Budget, type BudgetClass } from "../src/parameters/budget.ts";
import { problemOf } from "./harness.ts";
import { putMany, readOnes, startParameterRig } from "./parameter-harness.ts";

/** A budget of ten a second with a clock that the test turns. */
function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const budget = new Budget(10, Date.now);
  const granted: string[] = [];
  const ask = (owner: string, name: BudgetClass = "value") =>
    void budget.acquire(name, owner).then(() => granted.push(owner));
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      t.mock.timers.tick(10);
      await Promise.resolve();
    }
    await Promise.resolve();
  };
  return { budget, granted, ask, pass };
}

test("three at once, then ten a second; nothing is saved up beyond that", async (t) => {
  const { granted, ask, pass } = begin(t);
  await pass(5000);
  for (let i = 0; i < 30; i++) ask("one");
  await pass(10);
  assert.equal(granted.length, 3);
  await pass(1000);
  assert.ok(granted.length >= 12 && granted.length <= 13, `${granted.length}`);
});

test("owners take turns", async (t) => {
  const { granted, ask, pass } = begin(t);
  for (let i = 0; i < 3; i++) ask("burst");
  for (let i = 0; i < 4; i++) ask("noisy");
  ask("polite");
  await pass(1000);
  assert.deepEqual(granted.slice(3), ["noisy", "polite", "noisy", "noisy", "noisy"]);
});

test("values have half of what there is, trees a third, polls the rest; nobody is shut out", async (t) => {
  const { granted, ask, pass } = begin(t);
  for (let i = 0; i < 40; i++) {
    for (const name of ["wait", "tree", "value"] as const) ask(name, name);
  }
  await pass(6000);
  const count = (name: string) => granted.slice(0, 60).filter((one) => one === name).length;
  const shares = [count("value"), count("tree"), count("wait")];
  assert.ok(
    [30, 20, 10].every((share, i) => Math.abs(share - (shares[i] ?? 0)) <= 2),
    shares.join(),
  );
});

test("a class alone has everything; a value that comes then has the next turn", async (t) => {
  const { granted, ask, pass } = begin(t);
  for (let i = 0; i < 40; i++) ask(`tree ${i}`, "tree");
  await pass(1000);
  assert.ok(granted.length >= 12, `${granted.length}`);
  const before = granted.length;
  ask("value");
  await pass(210);
  assert.ok(granted.slice(before, before + 2).includes("value"), granted.slice(before).join());
});

test("a throttled call halves the rate, once a second and down to one; then it grows back", async (t) => {
  const { budget, pass } = begin(t);
  const rates: number[] = [];
  const throttle = async () => {
    budget.throttled();
    rates.push(budget.perSecond);
    await pass(100);
  };
  await throttle();
  await throttle();
  assert.deepEqual(rates.map(Math.round), [5, 5]);
  for (let i = 0; i < 60; i++) await throttle();
  const least = Math.min(...rates);
  assert.ok(least >= 1 && least < 1.1, `${least}`);
  await pass(3000);
  assert.ok(budget.perSecond > 3.5 && budget.perSecond < 6, `${budget.perSecond}`);
  await pass(8000);
  assert.equal(budget.perSecond, 10);
});

test("who cannot be served in time is refused at once, and told for how long", async (t) => {
  const { budget, ask } = begin(t);
  for (let i = 0; i < 23; i++) ask("one");
  const own = await problemOf(budget.acquire("value", "one", 1500));
  assert.deepEqual([own.code, own.headers["retry-after"]], ["aws_budget_exhausted", "3"]);
  const served = budget.acquire("value", "other", 1500);
  t.mock.timers.tick(300);
  await served;
});

test("who was overtaken by too many is refused when its time is up", async (t) => {
  const { budget, ask, pass } = begin(t);
  for (let i = 0; i < 5; i++) ask("one", "wait");
  const late = problemOf(budget.acquire("wait", "two", 500));
  for (let i = 0; i < 40; i++) ask("three");
  await pass(500);
  assert.equal((await late).code, "aws_budget_exhausted");
});

test("one throttled call is made again at its next turn, and no more than that", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t);
  local.faults.set([{ kind: "throttle", service: "ssm", count: 1 }]);
  assert.equal((await aws.parameters.get("my-parameter")).cache, "miss");
  assert.equal(newCalls(), 2);
  assert.ok(aws.budgets.values.perSecond < 700, `${aws.budgets.values.perSecond}`);
  local.faults.set([{ kind: "throttle", service: "ssm" }]);
  const problem = await problemOf(aws.parameters.get("/airlock/dev/log/level"));
  assert.deepEqual([problem.code, problem.headers["retry-after"]], ["aws_throttled", "1"]);
  assert.equal(newCalls(), 2);
});

test("a retry of the SDK's counts too", async (t) => {
  const { aws, local } = await startParameterRig(t, { SSM_CALLS_PER_SECOND: "10" });
  local.faults.set([{ kind: "error500", service: "ssm", count: 1 }]);
  const read = (name: string) => aws.parameters.get(name);
  await read("my-parameter");
  const [a = "", b = ""] = putMany(local, 2);
  await read(a);
  const startedAt = performance.now();
  await read(b);
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs > 30, `the burst of three was used up: ${tookMs} ms`);
});

test("a thousand cold names at once: each is served, or refused with Retry-After", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t, { SSM_CALLS_PER_SECOND: "10" });
  local.faults.set([{ kind: "sharedRate", perSecond: 13 }]);
  const startedAt = performance.now();
  const answers = await Promise.all(
    putMany(local, 1000).map((name) =>
      aws.parameters.get(name).then(
        () => "ok",
        (problem) => `${problem.code} ${problem.headers["retry-after"]}`,
      ),
    ),
  );
  const tookMs = performance.now() - startedAt;
  const served = answers.filter((answer) => answer === "ok").length;
  const refused = answers.filter((answer) => /^aws_budget_exhausted \d+$/.test(answer)).length;
  t.diagnostic(`${served} served in ${Math.round(tookMs)} ms, ${refused} refused`);
  assert.equal(served + refused, 1000, [...new Set(answers)].join());
  assert.ok(served >= 80 && newCalls() <= 14, `${served} served`);
  assert.ok(tookMs < 2500, `${tookMs} ms`);
});

test("100 % throttling: hot names stale, cold ones 503 with Retry-After; then fresh again", async (t) => {
  const { aws, local, newCalls, advance } = await startParameterRig(t, {
    SSM_CALLS_PER_SECOND: "10",
  });
  const hot = putMany(local, 10);
  await aws.parameters.getMany(hot);
  local.faults.set([{ kind: "throttle", service: "ssm" }]);
  newCalls();
  advance(11_000);
  const startedAt = performance.now();
  for (let i = 0; performance.now() - startedAt < 1000; i++) {
    for (const { cache } of readOnes(await aws.parameters.getMany(hot)).values()) {
      assert.equal(cache, "stale");
    }
    const cold = await problemOf(aws.parameters.get(`/airlock/cold/${i}`));
    assert.match(cold.code, /^aws_(throttled|budget_exhausted)$/);
    assert.ok(Number(cold.headers["retry-after"]) >= 1);
    await sleep(10);
  }
  const calls = newCalls();
  t.diagnostic(`${calls} calls in 1 s`);
  assert.ok(calls >= 2 && calls <= 11, `${calls} calls`);
  local.faults.clear();
  advance(2000);
  const again = readOnes(await aws.parameters.getMany(hot));
  assert.equal(again.size, 10);
  assert.ok([...again.values()].every(({ cache }) => cache === "miss"));
});
