/** Waiting for a parameter to change: one poll for everybody. */
import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import type { Parameter, ParameterName } from "@airlock/contract";
import { DeleteParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { Changes } from "../src/parameters/changes.ts";
import { until } from "./harness.ts";
import { namesOf, putMany, readOnes, startParameterRig } from "./parameter-harness.ts";

const SEEN: Parameter = {
  name: "/seen" as ParameterName,
  value: "a",
  type: "String",
  version: 1,
  last_modified: "2026-01-01T00:00:00.000Z",
};
const LONG = { limitMs: 30_000 } as const;

describe("waiting for a change", { concurrency: true }, () => {
  test("200 clients on 20 names share two calls per round; a change wakes those of its name only", async (t) => {
    const { aws, local, newCalls } = await startParameterRig(t);
    const names = putMany(local, 20);
    const found = readOnes(await aws.parameters.getMany(names));
    const woken: string[] = [];
    const leaving = new AbortController();
    const waits = Array.from({ length: 200 }, async (_, i) => {
      const name = names[i % 20] ?? "";
      const seen = found.get(name)?.value ?? assert.fail(name);
      const options = { ...LONG, signal: leaving.signal };
      const shows = await aws.parameters.waitForChange(name, seen, options);
      if (shows === "other") woken.push(name);
    });
    newCalls();
    await until(() => newCalls() > 0);
    assert.deepEqual(woken, []);
    const [name = ""] = names;
    local.parameters.put({ parameters: [{ name, value: "new" }] });
    const changedAt = performance.now();
    await until(() => woken.length === 10);
    const tookMs = performance.now() - changedAt;
    t.diagnostic(`woken ${Math.round(tookMs)} ms after the change`);
    assert.ok(tookMs < 5 * 1700, `${tookMs} ms`);
    assert.ok(newCalls() <= 1 + Math.ceil(tookMs / 850), "two calls in 1.7 s");
    assert.deepEqual([...new Set(woken)], [name]);
    const now = await aws.parameters.get(name);
    assert.deepEqual([now.cache, now.value.value], ["miss", "new"], "the old value is not served");
    leaving.abort();
    await Promise.all(waits);
    assert.equal(woken.length, 10);
  });

  test("a client that has an older version is woken by the first poll", async (t) => {
    const { aws, local } = await startParameterRig(t);
    const { value } = await aws.parameters.get("my-parameter");
    local.parameters.put({ parameters: [{ name: "my-parameter", value: "new" }] });
    assert.equal(
      await aws.parameters.waitForChange("my-parameter", value, { limitMs: 1000 }),
      "other",
    );
  });

  test("nothing changes: over at the end of the time, when the client leaves, and on close", async (t) => {
    const { aws } = await startParameterRig(t);
    const { value } = await aws.parameters.get("my-parameter");
    const wait = (options: { limitMs: number; signal?: AbortSignal }) =>
      aws.parameters.waitForChange("my-parameter", value, options);
    const startedAt = performance.now();
    assert.equal(await wait({ limitMs: 100 }), "over");
    assert.ok(performance.now() - startedAt >= 95);
    assert.equal(await wait({ ...LONG, signal: AbortSignal.timeout(20) }), "over");
    assert.equal(await wait({ ...LONG, signal: AbortSignal.abort() }), "over");
    const closed = wait(LONG);
    aws.parameters.close();
    assert.equal(await closed, "over");
  });

  test("the next look is enough for who asks what SSM has now; one that was under way is not", async () => {
    const looks: (() => void)[] = [];
    const reading = async () => {
      await new Promise<void>((resolve) => looks.push(resolve));
      return new Map([[SEEN.name, SEEN]]);
    };
    const changes = new Changes({
      now: () => performance.now(),
      perSecond: () => 1000,
      read: reading,
      onChange: () => assert.fail("nothing has changed"),
    });
    const look = () => changes.wait(SEEN.name, SEEN, { ...LONG, untilShown: true });
    const waits = changes.wait(SEEN.name, SEEN, LONG);
    await until(() => looks.length === 1);
    const late = look();
    looks[0]?.();
    await until(() => looks.length === 2);
    assert.equal(await Promise.race([late, Promise.resolve("waits")]), "waits");
    looks[1]?.();
    assert.equal(await late, "same");
    changes.close();
    assert.equal(await waits, "over");
  });

  test("a deleted parameter has changed", async (t) => {
    const { aws, local } = await startParameterRig(t);
    const { value } = await aws.parameters.get("my-parameter");
    const ssm = new SSMClient({
      region: "eu-west-1",
      endpoint: local.url,
      credentials: aws.session.credentials(),
    });
    t.after(() => ssm.destroy());
    await ssm.send(new DeleteParameterCommand({ Name: "my-parameter" }));
    assert.equal(await aws.parameters.waitForChange("my-parameter", value, LONG), "other");
  });

  test("a poll that fails shows no change", async (t) => {
    const { aws, local } = await startParameterRig(t);
    const { value } = await aws.parameters.get("my-parameter");
    local.faults.set([{ kind: "error500", service: "ssm", count: 3 }]);
    const changed = aws.parameters.waitForChange("my-parameter", value, { limitMs: 8000 });
    await until(() => local.faults.list().length === 0);
    assert.equal(await Promise.race([changed, Promise.resolve("waits")]), "waits");
    local.parameters.put({ parameters: [{ name: "my-parameter", value: "new" }] });
    assert.equal(await changed, "other");
  });

  test("a name that is refused spoils nothing of those beside it", async (t) => {
    const { aws, local } = await startParameterRig(t);
    const names = putMany(local, 4);
    const found = readOnes(await aws.parameters.getMany(names));
    const [denied = "", ...others] = names;
    local.faults.set([{ kind: "iamDeny", names: denied }]);
    local.parameters.put({ count: 4, prefix: "/airlock/many" });
    const wait = (name: string, limitMs: number) =>
      aws.parameters.waitForChange(name, found.get(name)?.value ?? assert.fail(name), { limitMs });
    const [refused, ...woken] = await Promise.all([
      wait(denied, 500),
      ...others.map((name) => wait(name, 30_000)),
    ]);
    assert.deepEqual([refused, woken], ["over", ["other", "other", "other"]]);
  });

  test("60 names are asked for in six calls of ten", async (t) => {
    const { aws, local, newCalls } = await startParameterRig(t);
    const names = putMany(local, 60);
    const found = readOnes(await aws.parameters.getMany(names));
    local.parameters.put({ count: 60, prefix: "/airlock/many" });
    newCalls();
    const woken = await Promise.all(
      names.map((name) => {
        const seen = found.get(name)?.value ?? assert.fail(name);
        return aws.parameters.waitForChange(name, seen, LONG);
      }),
    );
    assert.ok(woken.every((shows) => shows === "other"));
    assert.deepEqual([newCalls(), newCalls("DescribeParameters")], [6, 0]);
  });

  test("a SecureString is watched without its value", async (t) => {
    const { aws, local } = await startParameterRig(t);
    const { value } = await aws.parameters.get("/airlock/dev/database/password");
    local.faults.set([{ kind: "kmsDeny", names: "*" }]);
    const changed = aws.parameters.waitForChange(value.name, value, LONG);
    local.parameters.put({
      parameters: [{ name: value.name, value: "rotated", type: "SecureString" }],
    });
    assert.equal(await changed, "other");
    local.faults.clear();
    assert.equal((await aws.parameters.get(value.name)).value.value, "rotated");
  });
});

/** Polls of this many names by a clock that the test turns: the batches in 18 s, and how long a round takes. */
async function pollsOf(count: number, perSecond: number) {
  let now = 0;
  const batches: { at: number; names: readonly ParameterName[] }[] = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const changes = new Changes({
      now: () => now,
      perSecond: () => perSecond,
      onChange: () => assert.fail("nothing changes"),
      read: async (names) => {
        batches.push({ at: now, names });
        return new Map(names.map((name) => [name, SEEN]));
      },
    });
    for (const name of namesOf("waits", count)) {
      void changes.wait(name as ParameterName, SEEN, LONG);
    }
    for (; now < 18_000; now += 10) {
      mock.timers.tick(10);
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
    changes.close();
  } finally {
    mock.timers.reset();
  }
  const seen = new Set<string>();
  const round = batches.find(({ names }) => {
    for (const name of names) seen.add(name);
    return seen.size === count;
  });
  return { calls: batches.length, roundMs: round?.at ?? Number.POSITIVE_INFINITY };
}

test("the delay of waits: 1.7 s, or names / 10 calls at a third of the budget if that is longer", async () => {
  assert.deepEqual(await pollsOf(1, 10), { calls: 11, roundMs: 10 });
  const hundred = await pollsOf(100, 10);
  assert.ok(hundred.roundMs > 2500 && hundred.roundMs <= 3000, `${hundred.roundMs} ms`);
  const many = await pollsOf(300, 10);
  assert.ok(many.roundMs > 8500 && many.roundMs <= 9000, `${many.roundMs} ms`);
  assert.ok(many.calls >= 58 && many.calls <= 61, `${many.calls} calls in 18 s are a third of 180`);
  assert.ok((await pollsOf(300, 1000)).roundMs <= 1850, "with room, every name in 1.7 s");
});
