/** Trees, lists and waits of some cost the single reads of others nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./harness.ts";
import { putMany, startParameterRig } from "./parameter-harness.ts";

const TREE = { recursive: true } as const;

test("twenty callers with a tree each: another one's cold reads are all served", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t, { SSM_CALLS_PER_SECOND: "10" });
  local.faults.set([{ kind: "sharedRate", perSecond: 40 }]);
  const cold = putMany(local, 8);
  const trees = Array.from({ length: 20 }, (_, i) => {
    local.parameters.put({ count: 20, prefix: `/airlock/tree-${i}` });
    return aws.parameters.tree(`/airlock/tree-${i}`, { ...TREE, caller: `reader ${i}` });
  });
  await until(() => aws.budgets.values.waiting >= 15);
  for (const name of cold) {
    assert.equal((await aws.parameters.get(name, { caller: "polite" })).cache, "miss");
  }
  assert.ok(aws.budgets.values.waiting > 0, "the trees were not done before");
  const read = await Promise.all(trees);
  assert.ok(read.every(({ value }) => value.parameters.length === 20));
  assert.ok(newCalls("GetParametersByPath") >= 40);
});

test("trees of one caller do not hold up the tree of another", async (t) => {
  const { aws, local } = await startParameterRig(t, { SSM_CALLS_PER_SECOND: "10" });
  const ended: string[] = [];
  const tree = (name: string, caller: string) =>
    aws.parameters.tree(name, { ...TREE, caller }).then(() => ended.push(caller));
  const noisy = Array.from({ length: 20 }, (_, i) => {
    local.parameters.put({ count: 10, prefix: `/airlock/noisy-${i}` });
    return tree(`/airlock/noisy-${i}`, "noisy");
  });
  await until(() => aws.budgets.values.waiting >= 15);
  await tree("/airlock/dev/database", "polite");
  const before = ended.indexOf("polite");
  assert.ok(before < 8, `${before} of 20 trees came first`);
  await Promise.all(noisy);
});

test("a tree stays fresh as long as it costs: polled, it takes a fifth of the budget", async (t) => {
  const { aws, local, advance } = await startParameterRig(t, {
    SSM_CALLS_PER_SECOND: "50",
    CACHE_FRESH_SECONDS: "1",
  });
  putMany(local, 200);
  const state = async (revalidate = false) =>
    (await aws.parameters.tree("/airlock/many", { ...TREE, revalidate })).cache;
  assert.equal(await state(), "miss", "20 calls, which are worth 2 s");
  advance(1500);
  assert.deepEqual([await state(), await state(true)], ["hit", "hit"]);
  advance(600);
  assert.notEqual(await state(), "hit");
  const few = () => aws.parameters.tree("/airlock/dev/database", TREE);
  await few();
  advance(1100);
  assert.equal((await few()).cache, "miss", "a small one is as fresh as a value");
});
