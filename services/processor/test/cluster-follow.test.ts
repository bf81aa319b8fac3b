/** What is followed stays known through lost connections, silence, 410, 429, 500 and duplicates; each change is told once. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type FaultInput, startLocalKubernetes } from "@airlock/local-kubernetes";
import { createKubeCluster, keepAccess } from "../src/cluster/index.ts";
import { eventually } from "./cluster-contract/contract-world.ts";

const RULES = { watchMs: 1000, silentMs: 100, headMs: 500, firstWaitMs: 5, relistMs: 300_000 };

async function start(t: TestContext, rules: Partial<typeof RULES> = {}) {
  const local = await startLocalKubernetes({ hasKubelet: false, bindsClaims: false });
  t.after(() => local.close());
  const cluster = createKubeCluster({
    access: keepAccess(async () => ({ server: local.url, tls: {}, authorization: undefined })),
    namespace: "jobs",
    followRules: { ...RULES, ...rules },
  });
  t.after(() => cluster.close());
  const heard: string[] = [];
  const troubles: string[] = [];
  let recoveries = 0;
  const follow = () =>
    cluster.follow(
      "secrets",
      {},
      {
        changed: ({ metadata }, before) => void heard.push((before ? "~" : "+") + metadata.name),
        removed: ({ metadata }) => void heard.push(`-${metadata.name}`),
        troubled: ({ message }) => void troubles.push(message),
        recovered: () => void recoveries++,
      },
    );
  const create = (name: string) =>
    cluster.create("secrets", { metadata: { name }, stringData: { a: "b" } });
  const requests = (verb: string) =>
    local.requests.list().filter((one) => one.verb === verb).length;
  const all = (count: number) =>
    eventually(`${count} are heard`, () => (heard.length >= count ? true : undefined));
  return {
    local,
    cluster,
    heard,
    troubles,
    follow,
    create,
    requests,
    all,
    recoveries: () => recoveries,
  };
}

for (const [what, fault] of [
  ["a watch that is dropped after each event", { fault: "dropWatch", afterEvents: 1 }],
  ["a watch that is dropped at once, now and then", { fault: "dropWatch", rate: 0.5 }],
  ["a 410 as an event, now and then", { fault: "gone", rate: 0.5 }],
  ["a 410 as the answer, now and then", { fault: "gone", how: "status", rate: 0.5 }],
  ["429, now and then", { fault: "throttle", verb: "watch", rate: 0.3 }],
  ["500, now and then", { fault: "error", verb: "watch", rate: 0.5 }],
  ["events that come twice", { fault: "duplicateEvents" }],
  ["events that come late", { fault: "delayEvents", delayMs: 30 }],
] as const satisfies readonly (readonly [string, FaultInput])[]) {
  test(`each change is told once and in order through ${what}`, async (t) => {
    const { local, heard, follow, create, cluster, all } = await start(t);
    await create("before");
    local.faults.set([fault]);
    const following = follow();
    await following.synced;
    const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
    for (const name of names) {
      await create(name);
      // so that a list between two changes cannot hide one
      await eventually(`${name} is heard`, () => (heard.includes(`+${name}`) ? true : undefined));
    }
    for (const name of names) {
      const { metadata } = following.objects.get(`jobs/${name}`) ?? assert.fail(name);
      await cluster.remove("secrets", name, metadata.uid);
    }
    await all(2 * names.length + 1);
    assert.deepEqual(heard.slice(0, 11), ["+before", ...names.map((name) => `+${name}`)]);
    // a list may tell of several ends at once, in the order of what was known
    assert.deepEqual(heard.slice(11).sort(), names.map((name) => `-${name}`).sort());
    assert.equal(following.objects.size, 1);
    following.close();
  });
}

test("a watch that falls silent is given up, and what it missed is heard then", async (t) => {
  const { local, heard, follow, create, troubles, recoveries, all } = await start(t);
  local.faults.set([{ fault: "silentWatch", count: 1 }]);
  const following = follow();
  await following.synced;
  await create("missed");
  await all(1);
  assert.deepEqual(heard, ["+missed"]);
  assert.deepEqual(troubles, ["The watch of secrets fell silent."]);
  assert.equal(recoveries(), 1);
  following.close();
});

test("what went and came again while nobody watched is told after a 410", async (t) => {
  const { local, cluster, heard, follow, create, all, requests } = await start(t);
  const kept = await create("kept");
  const old = await create("swapped");
  await create("goes");
  const following = follow();
  await following.synced;
  await all(3);
  heard.length = 0;
  local.faults.set([{ fault: "error", verb: "watch" }]);
  // the watch that is open tells the first change and ends
  await sleep(1100);
  const goes = following.objects.get("jobs/goes")?.metadata.uid ?? "";
  await cluster.remove("secrets", "goes", goes);
  await cluster.remove("secrets", "swapped", old.metadata.uid);
  await create("swapped");
  await cluster.patch("secrets", "kept", kept.metadata.uid, { metadata: { labels: { a: "b" } } });
  local.watches.forget();
  const lists = requests("list");
  local.faults.clear();
  await all(4);
  assert.deepEqual(heard, ["~kept", "-swapped", "+swapped", "-goes"]);
  assert.ok(requests("list") > lists);
  following.close();
});

test("a server that begins anew is known anew", async (t) => {
  const { local, follow, create, heard, all } = await start(t);
  await create("of-before");
  const following = follow();
  await following.synced;
  const { port } = local;
  await local.close();
  const next = await startLocalKubernetes({ hasKubelet: false, port });
  t.after(() => next.close());
  // connections of before are found to be closed first
  await eventually("it answers", () => create("of-now").catch(() => undefined));
  await all(3);
  assert.deepEqual(heard.sort(), ["+of-before", "+of-now", "-of-before"]);
  assert.deepEqual([...following.objects.keys()], ["jobs/of-now"]);
  following.close();
});

test("a list is made again after its time, whatever the watches say", async (t) => {
  const { local, follow, requests, heard, create } = await start(t, { relistMs: 1 });
  await create("one");
  const following = follow();
  await following.synced;
  await eventually("it is listed again", () => (requests("list") >= 3 ? true : undefined));
  assert.deepEqual(heard, ["+one"]);
  assert.equal(local.requests.counts().byOutcome["list secrets 410"], undefined);
  following.close();
});

test("the wish of a server that has too much to do is heard, and trouble is told once", async (t) => {
  const { local, follow, troubles, requests, recoveries, create, all } = await start(t);
  local.faults.set([{ fault: "throttle", verb: "list", retryAfterSeconds: 1, count: 2 }]);
  const startedAt = performance.now();
  const following = follow();
  await following.synced;
  assert.ok(performance.now() - startedAt >= 2000);
  assert.equal(requests("list"), 3);
  assert.deepEqual(troubles, ["The API server has too much to do."]);
  assert.equal(recoveries(), 1);
  await create("after");
  await all(1);
  following.close();
});

test("a server that ends watches at once is not hammered", async (t) => {
  const { local, follow, requests } = await start(t, { firstWaitMs: 100 });
  local.faults.set([{ fault: "dropWatch" }]);
  const following = follow();
  await following.synced;
  await sleep(1000);
  // 50–100, 100–200, 200–400, 400–800 ms
  assert.ok(requests("watch") <= 6, String(requests("watch")));
  following.close();
});

test("bookmarks move the version on where nothing changes", async (t) => {
  const { local, cluster, follow, heard } = await start(t);
  const following = follow();
  await following.synced;
  // of a kind that is not followed
  for (const name of ["p1", "p2"]) {
    const containers = [{ name: "main", image: "example.com/image:1" }];
    await cluster.create("pods", { metadata: { name }, spec: { containers } });
  }
  await eventually("a second watch is made", () => {
    const watches = local.requests.list().filter(({ verb }) => verb === "watch");
    return watches.length >= 2 ? true : undefined;
  });
  local.watches.forget();
  await sleep(1200);
  // the version of the first list would be 410 by now, and lead to a second
  assert.equal(local.requests.list().filter(({ verb }) => verb === "list").length, 1);
  assert.deepEqual(heard, []);
  following.close();
});
