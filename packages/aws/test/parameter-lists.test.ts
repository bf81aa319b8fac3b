/** The list of all parameters, and trees with values. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ParameterPrefix } from "@airlock/contract";
import { awsProblem } from "../src/errors.ts";
import { Pages } from "../src/parameters/pages.ts";
import { problemOf, until } from "./harness.ts";
import { putMany, startParameterRig } from "./parameter-harness.ts";

const TREE = { recursive: true } as const;

test("10,000 parameters are listed whole, sorted by name", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t);
  putMany(local, 10_000);
  const { value, cache } = await aws.parameters.list();
  const names = value.map(({ name }) => name);
  assert.equal(new Set(names).size, 10_013);
  assert.deepEqual(names, names.toSorted());
  assert.deepEqual([cache, newCalls("DescribeParameters")], ["miss", 201]);
});

test("an empty page with a token is the end of neither a list nor a tree", async (t) => {
  const { aws, local } = await startParameterRig(t);
  local.faults.set([{ kind: "emptyPage" }]);
  assert.equal((await aws.parameters.list()).value.length, 13);
  assert.equal((await aws.parameters.tree("/airlock/dev", TREE)).value.parameters.length, 12);
});

test("the list is fetched once for all who wait, and refreshed behind those who follow", async (t) => {
  const { aws, local, advance, newCalls, reads } = await startParameterRig(t);
  const all = await Promise.all([aws.parameters.list(), aws.parameters.list()]);
  assert.equal(all[0].value, all[1].value);
  assert.equal(newCalls("DescribeParameters"), 1);
  advance(29_000);
  assert.equal((await aws.parameters.list()).cache, "hit");
  putMany(local, 1);
  advance(2000);
  const before = await aws.parameters.list();
  assert.deepEqual([before.cache, before.ageSeconds, before.value.length], ["hit", 31, 13]);
  await until(() => newCalls("DescribeParameters") === 1);
  const lengthNow = async () => (await aws.parameters.list()).value.length;
  while ((await lengthNow()) === 13);
  assert.equal(await lengthNow(), 14);
  advance(61_000);
  assert.equal((await aws.parameters.list()).cache, "miss", "older than twice its fresh time");
  assert.equal(reads[0], "parameter_list miss");
});

test("a long list is refreshed so rarely that it takes half of its budget", async (t) => {
  const { aws, local, advance, newCalls } = await startParameterRig(t, {
    SSM_DESCRIBE_CALLS_PER_SECOND: "40",
    CACHE_LIST_FRESH_SECONDS: "0",
  });
  putMany(local, 1000);
  await aws.parameters.list();
  assert.equal(newCalls("DescribeParameters"), 21, "which is worth 1.05 s");
  advance(900);
  assert.equal((await aws.parameters.list()).cache, "hit");
  assert.equal((await aws.parameters.list({ revalidate: true })).cache, "hit");
  advance(1300);
  assert.equal((await aws.parameters.list()).cache, "miss");
});

test("a list that AWS refuses to renew is served stale", async (t) => {
  const { aws, local, advance } = await startParameterRig(t);
  await aws.parameters.list();
  local.faults.set([{ kind: "throttle", service: "ssm" }]);
  advance(61_000);
  const old = await aws.parameters.list();
  assert.deepEqual([old.cache, old.ageSeconds, old.value.length], ["stale", 61, 13]);
  const cold = await problemOf(aws.parameters.tree("/airlock/dev", TREE));
  assert.equal(cold.code, "aws_throttled");
});

test("a tree holds what is below a path, with values, one level or all", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t);
  const deep = (await aws.parameters.tree("/airlock/dev", TREE)).value.parameters;
  assert.equal(deep.length, 12);
  assert.deepEqual(
    deep,
    deep.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
  const flat = await aws.parameters.tree("/airlock/dev/database", { recursive: false });
  const values = Object.fromEntries(flat.value.parameters.map(({ name, value }) => [name, value]));
  assert.equal(values["/airlock/dev/database/password"], "seed-password");
  assert.deepEqual((await aws.parameters.tree("/nothing", TREE)).value.parameters, []);
  newCalls("GetParametersByPath");
  putMany(local, 95);
  assert.equal((await aws.parameters.tree("/airlock/many", TREE)).value.parameters.length, 95);
  assert.equal(newCalls("GetParametersByPath"), 10);
});

test("trees are cached by path, depth and form", async (t) => {
  const { aws, local, advance } = await startParameterRig(t);
  const path = "/airlock/dev/database";
  const state = async (options: { recursive: boolean; decrypt?: boolean }) =>
    (await aws.parameters.tree(path, options)).cache;
  const forms = [TREE, { recursive: false }, { recursive: true, decrypt: false }];
  for (const form of forms) {
    assert.equal(await state(form), "miss");
    assert.equal(await state(form), "hit");
  }
  const sealed = (await aws.parameters.tree(path, { recursive: true, decrypt: false })).value;
  assert.ok(!JSON.stringify(sealed).includes("seed-password"));
  local.faults.set([{ kind: "error500", service: "ssm" }]);
  advance(11_000);
  assert.equal(await state(TREE), "stale");
});

test("a list that is throttled at every third page ends, and a page that was had is not asked for again", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t);
  putMany(local, 1500);
  local.faults.set([
    { kind: "throttle", service: "ssm", operation: "DescribeParameters", rate: 0.3 },
  ]);
  assert.equal((await aws.parameters.list()).value.length, 1513);
  const calls = newCalls("DescribeParameters");
  assert.ok(calls > 31 && calls < 90, `${calls} calls for 31 pages`);
});

test("what fails goes on from the page that failed; without progress it begins anew", async () => {
  const asked: (string | undefined)[] = [];
  const bad = new Set(["2"]);
  const fetch = async (token: string | undefined) => {
    asked.push(token);
    if (token !== undefined && bad.has(token)) throw awsProblem("aws_timeout");
    const next = Number(token ?? 0) + 1;
    return { items: [next], token: next < 4 ? String(next) : undefined };
  };
  const pages = new Pages<number>({ maxBytes: 100, sizeOf: () => 1 });
  const read = () => pages.all("list", fetch);
  assert.equal((await problemOf(read())).code, "aws_timeout");
  assert.equal((await problemOf(read())).code, "aws_timeout");
  assert.deepEqual(asked.splice(0), [undefined, "1", "2", "2"]);
  assert.equal((await problemOf(read())).code, "aws_timeout");
  bad.clear();
  assert.deepEqual(await read(), { items: [1, 2, 3, 4], pages: 4 });
  assert.deepEqual(asked, [undefined, "1", "2", "2", "3"]);
});

test("of all lists on their way one owner has half of the room, the one that began first goes on, and what has failed gives way", async () => {
  const steps = new Map<string, () => void>();
  const ended = new Map<string, unknown>();
  const pages = new Pages<number>({ maxBytes: 100, sizeOf: (bytes) => bytes });
  const begin = (key: string, owner: string, sizes: readonly number[]) => {
    const fetch = async (token: string | undefined) => {
      await new Promise<void>((resolve) => steps.set(key, resolve));
      const next = Number(token ?? 0) + 1;
      const size = sizes[next - 1] ?? 0;
      if (size < 0) throw awsProblem("aws_timeout");
      return { items: [size], token: next < sizes.length ? String(next) : undefined };
    };
    ended.delete(key);
    const told = (outcome: unknown) => void ended.set(key, outcome);
    pages.all(key, fetch, owner).then(
      (all) => told(all.pages),
      (problem) => told(problem.code),
    );
  };
  const step = async (key: string) => {
    await until(() => steps.has(key));
    const go = steps.get(key);
    steps.delete(key);
    go?.();
    await until(() => steps.has(key) || ended.has(key));
    return ended.get(key);
  };
  begin("failed", "carol", [40, -1]);
  await step("failed");
  assert.equal(await step("failed"), "aws_timeout");
  begin("first", "alice", [45, 45, 45]);
  begin("second", "alice", [20, 20]);
  begin("other", "bob", [30, 10]);
  begin("last", "bob", [10, 10]);
  assert.equal(await step("first"), undefined);
  assert.equal(await step("second"), "list_unfinished", "alice has more than half");
  assert.equal(await step("other"), undefined);
  assert.equal(await step("first"), undefined, "her first is the first of all");
  assert.equal(await step("last"), "list_unfinished", "there is no room");
  assert.equal(await step("other"), 2, "its last page needs no room for another");
  assert.equal(await step("first"), 3);
  begin("failed", "carol", [40, 1]);
  assert.equal(await step("failed"), undefined);
  assert.equal(await step("failed"), 2, "what had been kept of it gave way: it began anew");
});

test("throttled lists cost values nothing: each has a budget of its own", async (t) => {
  const { aws, local } = await startParameterRig(t, {
    SSM_CALLS_PER_SECOND: "10",
    SSM_DESCRIBE_CALLS_PER_SECOND: "4",
  });
  local.faults.set([{ kind: "throttle", service: "ssm", operation: "DescribeParameters" }]);
  const list = problemOf(aws.parameters.list());
  await until(() => aws.budgets.lists.perSecond < 3);
  assert.equal(aws.budgets.values.perSecond, 10);
  assert.equal((await aws.parameters.get("my-parameter")).cache, "miss");
  local.faults.clear();
  await list.catch(() => {}); // it may have gone on well
});

test("a prefix is SSM's filter: few pages instead of all; a whole list that is fresh serves it too", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t);
  putMany(local, 500);
  const read = async (prefix: string) => {
    const { value } = await aws.parameters.list({ prefix: prefix as ParameterPrefix });
    return [value.length, newCalls("DescribeParameters")];
  };
  assert.deepEqual(await read("/airlock/dev/"), [12, 1]);
  assert.deepEqual(await read("/airlock/dev/"), [12, 0]);
  assert.deepEqual(await read("/aws/"), [513, 11], "no filter takes this one");
  assert.deepEqual(await read("/airlock/many/p-0000"), [513, 0]);
});

test("a page may take the time of its class, not that of a value", async (t) => {
  const { aws, local } = await startParameterRig(t);
  local.faults.set([{ kind: "slow", service: "ssm", delayMs: 1500 }]);
  const [list, tree, value] = await Promise.all([
    aws.parameters.list(),
    aws.parameters.tree("/airlock/dev/database", TREE),
    problemOf(aws.parameters.get("my-parameter")),
  ]);
  assert.ok(list.value.length > 0 && tree.value.parameters.length > 0);
  assert.equal(value.code, "aws_timeout");
});
