/** Single values: what they hold, and how the cache serves them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LabelParameterVersionCommand, SSMClient } from "@aws-sdk/client-ssm";
import { problemOf, until } from "./harness.ts";
import { namesOf, putMany, readOnes, startParameterRig } from "./parameter-harness.ts";

const NAME = "/airlock/dev/database/host";
const SECRET = "/airlock/dev/database/password";

test("a value comes with type, version and time; a StringList with its items", async (t) => {
  const { aws } = await startParameterRig(t);
  const { value, cache, ageSeconds } = await aws.parameters.get("/airlock/dev/service/regions");
  const { last_modified, ...rest } = value;
  assert.deepEqual(rest, {
    name: "/airlock/dev/service/regions",
    value: "eu-west-1,eu-central-1",
    type: "StringList",
    version: 1,
    values: ["eu-west-1", "eu-central-1"],
  });
  assert.equal(new Date(last_modified).toISOString(), last_modified);
  assert.deepEqual([cache, ageSeconds], ["miss", 0]);
  assert.equal((await aws.parameters.get("my-parameter")).value.name, "my-parameter");
});

test("a fresh value is served from memory, as the same object while SSM has the same", async (t) => {
  const { aws, advance, newCalls, reads } = await startParameterRig(t);
  const first = await aws.parameters.get(NAME);
  advance(9000);
  const second = await aws.parameters.get(NAME);
  assert.deepEqual([second.cache, second.ageSeconds], ["hit", 9]);
  advance(2000);
  const third = await aws.parameters.get(NAME);
  assert.deepEqual([third.cache, third.ageSeconds], ["miss", 0]);
  assert.ok(second.value === first.value && third.value === first.value);
  assert.equal(newCalls(), 2);
  assert.deepEqual(reads, ["parameter miss", "parameter hit", "parameter miss"]);
});

test("a version or a label selects another value than the newest", async (t) => {
  const { aws, local } = await startParameterRig(t);
  local.parameters.put({ parameters: [{ name: NAME, value: "second" }] });
  const ssm = new SSMClient({
    region: "eu-west-1",
    endpoint: local.url,
    credentials: aws.session.credentials(),
  });
  t.after(() => ssm.destroy());
  const label = { Name: NAME, ParameterVersion: 1, Labels: ["first"] };
  await ssm.send(new LabelParameterVersionCommand(label));
  const [newest, byVersion, byLabel, unknown] = await Promise.all([
    aws.parameters.get(NAME),
    aws.parameters.get(NAME, { version: 1 }),
    aws.parameters.get(NAME, { label: "first" }),
    problemOf(aws.parameters.get(NAME, { version: 9 })),
  ]);
  assert.deepEqual([newest.value.value, newest.value.version], ["second", 2]);
  assert.deepEqual([byVersion.value.name, byVersion.value.version], [NAME, 1]);
  assert.equal(byLabel.value.value, "db.dev.example.com");
  assert.equal(unknown.code, "parameter_not_found");
});

test("decrypted and encrypted values are separate entries", async (t) => {
  const { aws, newCalls } = await startParameterRig(t);
  const plain = await aws.parameters.get(SECRET);
  const sealed = await aws.parameters.get(SECRET, { decrypt: false });
  assert.equal(plain.value.value, "seed-password");
  assert.notEqual(sealed.value.value, "seed-password");
  assert.deepEqual([sealed.cache, newCalls()], ["miss", 2]);
  assert.equal((await aws.parameters.get(SECRET)).value, plain.value);
});

test("many at once: each has its own answer", async (t) => {
  const { aws, local, newCalls, reads } = await startParameterRig(t);
  const names = [NAME, "/airlock/dev/nothing", ...putMany(local, 30)];
  const all = await aws.parameters.getMany(names);
  assert.deepEqual([...all.keys()], names);
  const nothing = all.get("/airlock/dev/nothing");
  assert.ok(nothing && "code" in nothing && nothing.code === "parameter_not_found");
  const found = readOnes(all);
  assert.equal(found.size, names.length - 1);
  assert.equal(found.get("/airlock/many/p-00030")?.value.value, "value-00030");
  assert.equal(newCalls(), 4);
  local.faults.set([{ kind: "throttle" }]);
  reads.splice(0);
  const throttled = await aws.parameters.getMany([NAME, "/airlock/dev/other"]);
  assert.equal(readOnes(throttled).size, 1);
  const other = throttled.get("/airlock/dev/other");
  // an outage is no answer
  assert.deepEqual(reads.splice(0), ["parameter hit"]);
  assert.ok(other && "code" in other && other.code === "aws_throttled");
});

test("an unknown name is remembered for 5 s, and pushes no value out", async (t) => {
  const rig = await startParameterRig(t, { CACHE_MAX_ENTRIES: "2" });
  const { aws, local, advance, newCalls, reads } = rig;
  await aws.parameters.get(NAME);
  newCalls();
  await aws.parameters.getMany(namesOf("unknown", 40));
  assert.equal(newCalls(), 4);
  assert.deepEqual(reads.splice(0), Array(41).fill("parameter miss"));
  await aws.parameters.getMany(namesOf("unknown", 40));
  assert.deepEqual(reads.splice(0), Array(40).fill("parameter hit"));
  assert.equal((await aws.parameters.get(NAME)).cache, "hit");
  assert.equal(newCalls(), 0);
  const [name = ""] = namesOf("unknown", 1);
  local.parameters.put({ parameters: [{ name, value: "new" }] });
  assert.equal((await problemOf(aws.parameters.get(name))).code, "parameter_not_found");
  advance(5100);
  assert.equal((await aws.parameters.get(name)).value.value, "new");
});

describe("while SSM is in trouble", { concurrency: true }, () => {
  for (const [fault, code] of [
    [{ kind: "throttle", service: "ssm" }, "aws_throttled"],
    [{ kind: "error500", service: "ssm" }, "aws_error"],
    [{ kind: "reset", service: "ssm" }, "aws_error"],
    [{ kind: "hang", service: "ssm" }, "aws_timeout"],
  ] as const) {
    test(`${fault.kind}: an old value is served as stale, a cold name fails`, async (t) => {
      const { aws, local, advance } = await startParameterRig(t);
      await aws.parameters.get(NAME);
      local.faults.set([fault]);
      advance(20_000);
      const cold = problemOf(aws.parameters.get(SECRET));
      const old = await aws.parameters.get(NAME);
      assert.deepEqual([old.cache, old.value.value], ["stale", "db.dev.example.com"]);
      assert.ok(old.ageSeconds >= 20, `${old.ageSeconds} s`);
      const startedAt = performance.now();
      assert.equal((await aws.parameters.get(NAME)).cache, "stale");
      assert.ok(performance.now() - startedAt < 100, "in trouble nobody waits for AWS");
      assert.equal((await cold).code, code);
      local.faults.clear();
      advance(2000);
      assert.equal((await aws.parameters.get(NAME)).cache, "miss");
    });
  }
});

test("without a session old values are served, and the others fail at once", async (t) => {
  const { aws, local, advance, newCalls } = await startParameterRig(t, {}, (standIn) =>
    // of the last one, the wire's whole seconds may leave nothing
    standIn.faults.set([{ kind: "sessionSeconds", seconds: 2 }]),
  );
  await aws.parameters.get(NAME);
  newCalls();
  local.faults.set([{ kind: "stsDown" }]);
  await until(() => !aws.session.isValid());
  advance(20_000);
  assert.equal((await aws.parameters.get(NAME)).cache, "stale");
  const problems = await Promise.all(
    namesOf("many", 300).map((name) => problemOf(aws.parameters.get(name))),
  );
  assert.deepEqual([...new Set(problems.map(({ code }) => code))], ["credentials_unavailable"]);
  assert.equal(newCalls(), 0);
});

test("what is gone is unknown at once, and not served stale later", async (t) => {
  const { aws, local, advance } = await startParameterRig(t);
  const [name = ""] = putMany(local, 1);
  await aws.parameters.get(name);
  local.reset();
  advance(11_000);
  assert.equal((await problemOf(aws.parameters.get(name))).code, "parameter_not_found");
  local.faults.set([{ kind: "throttle", service: "ssm" }]);
  advance(6000);
  assert.equal((await problemOf(aws.parameters.get(name))).code, "aws_throttled");
});

test("no-cache asks at most once a second for each name", async (t) => {
  const { aws, local, advance, newCalls } = await startParameterRig(t);
  const fresh = () => aws.parameters.get(NAME, { revalidate: true });
  await aws.parameters.get(NAME);
  local.parameters.put({ parameters: [{ name: NAME, value: "second" }] });
  assert.deepEqual([(await fresh()).cache, newCalls()], ["hit", 1]);
  advance(1100);
  const all = await Promise.all([fresh(), fresh(), fresh()]);
  for (const { cache, value } of all) assert.deepEqual([cache, value.value], ["bypass", "second"]);
  assert.equal(newCalls(), 1);
  assert.equal((await fresh()).cache, "hit");
  assert.equal((await aws.parameters.get(NAME)).value.value, "second");
  assert.equal(newCalls(), 0);
});

test("with caching off every read asks, and is still served stale in trouble", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t, { CACHE_FRESH_SECONDS: "0" });
  for (let i = 0; i < 3; i++) assert.equal((await aws.parameters.get(NAME)).cache, "miss");
  assert.equal(newCalls(), 3);
  await Promise.all([aws.parameters.get(NAME), aws.parameters.get(NAME)]);
  assert.equal(newCalls(), 1);
  local.faults.set([{ kind: "throttle", service: "ssm" }]);
  assert.equal((await aws.parameters.get(NAME)).cache, "stale");
});

for (const staleSeconds of [0, 60]) {
  test(`with CACHE_STALE_SECONDS=${staleSeconds} no older value is served`, async (t) => {
    const { aws, local, advance } = await startParameterRig(t, {
      CACHE_STALE_SECONDS: String(staleSeconds),
    });
    await aws.parameters.get(NAME);
    local.faults.set([{ kind: "throttle", service: "ssm" }]);
    advance(staleSeconds * 1000 + 11_000);
    assert.equal((await problemOf(aws.parameters.get(NAME))).code, "aws_throttled");
  });
}

test("the cache is bounded by count and by bytes; the longest unread go first", async (t) => {
  const { aws, local } = await startParameterRig(t, { CACHE_MAX_ENTRIES: "2" });
  const [a = "", b = "", c = ""] = putMany(local, 3);
  const state = async (name: string) => (await aws.parameters.get(name)).cache;
  assert.deepEqual([await state(a), await state(b), await state(a)], ["miss", "miss", "hit"]);
  assert.deepEqual([await state(c), await state(a), await state(b)], ["miss", "hit", "miss"]);

  const small = await startParameterRig(t, { CACHE_MAX_BYTES: "12000" });
  const value = "x".repeat(5000);
  small.local.parameters.put({ parameters: [a, b].map((name) => ({ name, value })) });
  await small.aws.parameters.get(a);
  await small.aws.parameters.get(b);
  assert.equal((await small.aws.parameters.get(b)).cache, "hit");
  assert.equal((await small.aws.parameters.get(a)).cache, "miss");
});

test("a caller who leaves leaves alone: the others get the value of the same call", async (t) => {
  const { aws, local, newCalls } = await startParameterRig(t);
  local.faults.set([{ kind: "slow", service: "ssm", delayMs: 200 }]);
  const leaving = new AbortController();
  const left = problemOf(aws.parameters.get(NAME, { signal: leaving.signal }));
  const staying = aws.parameters.get(NAME);
  await until(() => local.calls.counts().byOperation["ssm.GetParameters"] === 1);
  const startedAt = performance.now();
  leaving.abort();
  await left;
  assert.ok(performance.now() - startedAt < 100);
  assert.equal((await staying).value.value, "db.dev.example.com");
  assert.equal(newCalls(), 1);
});
