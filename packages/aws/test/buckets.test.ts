/** The list of buckets: whole, sorted, and kept for a while. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { createBucketStore } from "../src/buckets.ts";
import { createCaller } from "../src/caller.ts";
import { createClients } from "../src/clients.ts";
import { PLAIN_FORM, problemOf, readSettings } from "./harness.ts";
import { openBuckets } from "./s3-harness.ts";

const NAMES = ["airlock-backups-dev", "airlock-data-dev", "airlock-logs-dev", "buckets"];

/** A store with a clock of its own. */
async function withClock(t: TestContext) {
  const rig = await openBuckets(t, "buckets");
  const settings = readSettings({ ...PLAIN_FORM, AWS_ENDPOINT_URL: rig.local.url });
  const clients = createClients(settings, rig.aws.session);
  t.after(() => clients.close());
  const call = createCaller(rig.aws.session, rig.aws.queues.s3, () => {});
  let nowMs = 0;
  const store = createBucketStore(clients.s3, call, { settings, now: () => nowMs });
  const calls = () => rig.local.calls.counts().byOperation["s3.ListBuckets"] ?? 0;
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { ...rig, store, calls, pass };
}

test("every bucket comes by name, also after an empty page with a token", async (t) => {
  const { aws, local } = await openBuckets(t, "buckets");
  local.faults.set([{ kind: "emptyPage" }]);
  const { value, cache, ageSeconds } = await aws.buckets.list();
  assert.deepEqual(
    value.map(({ name }) => name),
    NAMES,
  );
  for (const { creation_date } of value) assert.ok(Date.parse(creation_date) > 0);
  assert.deepEqual([cache, ageSeconds], ["miss", 0]);
});

test("a hundred who ask at once cost one call, and one who leaves takes nobody along", async (t) => {
  const { store, calls } = await withClock(t);
  const left = problemOf(store.list({ signal: AbortSignal.abort() }));
  const lists = await Promise.all(Array.from({ length: 100 }, () => store.list()));
  await left;
  assert.ok(lists.every(({ value }) => value.length === NAMES.length));
  assert.equal(calls(), 1);
});

test("for ten seconds the list is served as it is; no-cache asks S3", async (t) => {
  const { store, calls, pass, s3 } = await withClock(t);
  await store.list();
  await s3.send(new CreateBucketCommand({ Bucket: "created-later" }));
  pass(9000);
  const kept = await store.list();
  assert.deepEqual([kept.cache, kept.ageSeconds, kept.value.length, calls()], ["hit", 9, 4, 1]);
  const fresh = await store.list({ revalidate: true });
  assert.deepEqual([fresh.cache, fresh.value.length, calls()], ["bypass", 5, 2]);
});

test("while S3 is in trouble the old list is served, for five minutes", async (t) => {
  const { store, pass, local } = await withClock(t);
  await store.list();
  local.faults.set([{ kind: "slowDown" }]);
  pass(299_000);
  const stale = await store.list();
  assert.deepEqual([stale.cache, stale.ageSeconds, stale.value.length], ["stale", 299, 4]);
  pass(1000);
  assert.equal((await problemOf(store.list())).code, "aws_throttled");
});
