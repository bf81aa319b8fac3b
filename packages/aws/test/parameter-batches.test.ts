/** How single reads become few calls of SSM. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { problemOf, until } from "./harness.ts";
import { namesOf, putMany, startParameterRig } from "./parameter-harness.ts";

test("reads that arrive together travel together, each name once", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t);
  const names = putMany(local, 25);
  const reads = [...names, ...names].map((name) => aws.parameters.get(name));
  for (const [i, { value }] of (await Promise.all(reads)).entries()) {
    assert.equal(value.name, names[i % 25]);
  }
  assert.equal(newCalls(), 3);
});

test("two selectors of one name never share a call", async (t) => {
  const { aws, local } = await startParameterRig(t);
  const [name = ""] = putMany(local, 1);
  await Promise.all([
    aws.parameters.get(name),
    aws.parameters.get(name, { version: 1 }),
    aws.parameters.get("my-parameter", { version: 1 }),
  ]);
  const asked = local.calls.list().filter(({ operation }) => operation === "GetParameters");
  assert.deepEqual(asked.map(({ resource }) => resource).sort(), [
    `${name},my-parameter:1`,
    `${name}:1`,
  ]);
});

test("one bad name spoils nothing, and travels alone from then on", async (t) => {
  const { aws, local, advance, newCalls } = await startParameterRig(t);
  const names = putMany(local, 9);
  const bad = problemOf(aws.parameters.get("not/a-name"));
  const found = await Promise.all(names.map((name) => aws.parameters.get(name)));
  assert.equal(found.length, 9);
  assert.equal((await bad).code, "aws_rejected_request");
  assert.equal(newCalls(), 1 + 2 * 4, "once together, then by halves down to the bad one");
  assert.equal((await problemOf(aws.parameters.get("not/a-name"))).code, "aws_rejected_request");
  assert.equal(newCalls(), 0, "a refusal is remembered");
  advance(11_000);
  await Promise.allSettled(["not/a-name", ...names].map((name) => aws.parameters.get(name)));
  assert.equal(newCalls(), 2);
});

test("a call that has room refreshes what is read often and will be old soon", async (t) => {
  const { aws, local, advance, newCalls } = await startParameterRig(t);
  const names = putMany(local, 20);
  const read = (some: string[]) => Promise.all(some.map((name) => aws.parameters.get(name)));
  await read(names);
  newCalls();
  advance(3000);
  await read(names.slice(0, 9));
  advance(4000);
  await read(["my-parameter"]);
  advance(4000);
  const states = (await read(names.slice(0, 9))).map(({ cache, ageSeconds }) => [
    cache,
    ageSeconds,
  ]);
  assert.deepEqual(states, Array(9).fill(["hit", 4]));
  assert.equal(newCalls(), 1);
  assert.equal((await read(names.slice(9, 10)))[0]?.cache, "miss", "nobody read this one");
});

test("50 cold names a second gather into calls of almost ten", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t, { SSM_CALLS_PER_SECOND: "10" });
  const reads: Promise<unknown>[] = [];
  for (const name of putMany(local, 60)) {
    reads.push(aws.parameters.get(name));
    await sleep(20);
  }
  await Promise.all(reads);
  const calls = newCalls();
  t.diagnostic(`${calls} calls for 60 names`);
  assert.ok(calls <= 12, `${calls} calls`);
});

test("a single cold read does not wait for company", async (t) => {
  const { aws } = await startParameterRig(t, { SSM_CALLS_PER_SECOND: "10" });
  const startedAt = performance.now();
  await aws.parameters.get("my-parameter");
  assert.ok(performance.now() - startedAt < 250, `${performance.now() - startedAt} ms`);
});

test("a caller who asks for much does not slow another one", async (t) => {
  const { aws, local } = await startParameterRig(t, { SSM_CALLS_PER_SECOND: "10" });
  const names = putMany(local, 4);
  let refused = 0;
  const noise = namesOf("unknown", 400).map(async (name) => {
    const problem = await problemOf(aws.parameters.get(name, { caller: "noisy" }));
    if (problem.code === "aws_budget_exhausted") refused++;
  });
  await until(() => (local.calls.counts().byOperation["ssm.GetParameters"] ?? 0) >= 3);
  for (const name of names) {
    const startedAt = performance.now();
    assert.equal((await aws.parameters.get(name, { caller: "polite" })).value.name, name);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < 500, `served with the next call or the one after it, not in ${tookMs} ms`);
  }
  await Promise.all(noise);
  assert.ok(refused > 200, `${refused} refused`);
});
