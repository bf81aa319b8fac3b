/** A user's own jobs, found and listed; nobody else's. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  countJobs,
  findGpuTypes,
  findJob,
  findJobOwner,
  findJobsByPrefix,
  insertJob,
  type ListedJobRow,
  listJobs,
  moveJob,
} from "../src/index.ts";
import { addUser, aJob, openStore, readAvailability, startCluster } from "./harness.ts";

const cluster = await startCluster();
const { pool } = openStore(await cluster.createDatabase());
let alice = 0;
let bob = 0;

before(async () => {
  alice = await addUser(pool, "alice");
  bob = await addUser(pool, "bob");
});

test("an accepted job is there at once, to the last field", async () => {
  const envVarsSealed = { key_id: "1", nonce: "bm9uY2U=", ciphertext: "Y2lwaGVy" };
  const job = { ...aJob(alice, "whole-0000001"), diskName: "data", diskSizeGb: 100, envVarsSealed };
  const inserted = await insertJob(pool, job);
  const found = await findJob(pool, { userId: alice, reservationId: job.reservationId });
  assert.ok(found);
  assert.equal(found.username, "alice");
  assert.equal(found.status, "queued");
  assert.deepEqual(found.created_at, inserted?.createdAt);
  assert.deepEqual(
    found.status_history.map(({ status }) => status),
    ["queued"],
  );
  assert.match(found.status_history[0]?.at ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(found.disk_size_gb, 100);
  assert.equal(found.duration_hours, 4);
  assert.ok(!("env_vars_sealed" in found));
  const kept = await pool.query("SELECT env_vars_sealed FROM reservations");
  assert.deepEqual(kept.rows, [{ env_vars_sealed: envVarsSealed }]);
});

test("a foreign job is as unknown as one that never was", async () => {
  await insertJob(pool, aJob(bob, "foreign-000001"));
  assert.equal(await findJob(pool, { userId: alice, reservationId: "foreign-000001" }), undefined);
  assert.deepEqual(await findJobsByPrefix(pool, { userId: alice, prefix: "foreign" }), []);
  assert.equal(await findJobOwner(pool, "foreign-000001"), bob);
  assert.equal(await findJobOwner(pool, "never-0000001"), undefined);
});

test("a prefix finds one job, or says that it is ambiguous, and is no pattern", async () => {
  for (const id of ["abcdef01-1", "abcdef01-2", "abcdef02-1", "abcdef02-10"]) {
    await insertJob(pool, aJob(alice, id));
  }
  const ids = async (prefix: string) =>
    (await findJobsByPrefix(pool, { userId: alice, prefix })).map((job) => job.reservation_id);
  assert.deepEqual(await ids("abcdef01-1"), ["abcdef01-1"]);
  assert.deepEqual(await ids("abcdef01"), ["abcdef01-1", "abcdef01-2"]);
  assert.deepEqual(await ids("abcdef02-1"), ["abcdef02-1", "abcdef02-10"]);
  for (const pattern of ["abcdef%", "abcdef01__", "%", "ABCDEF01-1"]) {
    assert.deepEqual(await ids(pattern), [], pattern);
  }
});

test("pages by position are whole and in order while jobs are added", async () => {
  const carol = await addUser(pool, "carol");
  // several in each millisecond, so that the id has to decide
  await pool.query(
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
       instance_type, duration_hours, pod_name, created_at)
     SELECT 'page-' || lpad(n::text, 8, '0'), $1, 'queued', 'i', 'h100', 1, 'p5.48xlarge', 1,
       'page-' || n, now() - make_interval(secs => (n / 7) * 0.001)
     FROM generate_series(1, 500) AS n`,
    [carol],
  );
  const seen: ListedJobRow[] = [];
  for (let page = 0; ; page++) {
    const last = seen.at(-1);
    const after = last && { createdAt: last.created_at, reservationId: last.reservation_id };
    const rows = await listJobs(pool, { userId: carol, after, limit: 33 });
    if (rows.length === 0) break;
    seen.push(...rows);
    await insertJob(pool, aJob(carol, `added-${page}-00001`));
  }
  assert.equal(new Set(seen.map((job) => job.reservation_id)).size, 500);
  const order = (job: ListedJobRow) => `${job.created_at.toISOString()} ${job.reservation_id}`;
  assert.deepEqual(seen.map(order), seen.map(order).sort().reverse());
});

test("a list is narrowed by state, GPU type and age, and counted the same way", async () => {
  const dave = await addUser(pool, "dave");
  await insertJob(pool, aJob(dave, "narrow-000001"));
  await insertJob(pool, { ...aJob(dave, "narrow-000002"), gpuType: "t4" });
  await insertJob(pool, aJob(dave, "narrow-000003"));
  await pool.query(
    `UPDATE reservations SET status = 'failed', reservation_ended = now(),
       created_at = now() - interval '1 day'
     WHERE reservation_id = 'narrow-000003'`,
  );
  const hourAgo = new Date(Date.now() - 3_600_000);
  const cases = [
    [{}, 3],
    [{ statuses: ["queued"] as const }, 2],
    [{ statuses: ["failed", "active"] as const }, 1],
    [{ statuses: [] }, 0],
    [{ gpuType: "t4" }, 1],
    [{ since: hourAgo }, 2],
    [{ statuses: ["queued"] as const, gpuType: "h100", since: hourAgo }, 1],
  ] as const;
  for (const [filter, count] of cases) {
    const question = { userId: dave, ...filter };
    const rows = await listJobs(pool, { ...question, limit: 10 });
    assert.equal(rows.length, count, JSON.stringify(filter));
    assert.equal(await countJobs(pool, question), count, JSON.stringify(filter));
  }
  const second = await listJobs(pool, { userId: dave, limit: 1, offset: 1 });
  assert.deepEqual(
    second.map((job) => job.reservation_id),
    ["narrow-000001"],
  );
});

test("types are found by either name, both when they contradict each other", async () => {
  const names = async (args: Parameters<typeof findGpuTypes>[1]) =>
    (await findGpuTypes(pool, args)).map((type) => type.gpu_type).sort();
  assert.deepEqual(await names({ gpuType: "h100", instanceType: "p5.48xlarge" }), ["h100"]);
  assert.deepEqual(await names({ instanceType: "g6.12xlarge" }), ["l4"]);
  assert.deepEqual(await names({ gpuType: "t4", instanceType: "p5.48xlarge" }), ["h100", "t4"]);
  assert.deepEqual(await names({ gpuType: "h900" }), []);
  assert.equal((await readAvailability(pool)).length, 10);
});

test("live jobs are counted by type and state", async () => {
  const { pool: fresh } = openStore(await cluster.createDatabase());
  const userId = await addUser(fresh);
  await insertJob(fresh, { ...aJob(userId, "usage-0000001"), gpuCount: 2 });
  await insertJob(fresh, { ...aJob(userId, "usage-0000002"), gpuCount: 4 });
  await insertJob(fresh, aJob(userId, "usage-0000003"));
  const event = { kind: "moved", actor: "processor" } as const;
  const queued = { from: ["queued"], event } as const;
  await moveJob(fresh, { ...queued, reservationId: "usage-0000002", to: "active" });
  await moveJob(fresh, { ...queued, reservationId: "usage-0000003", to: "cancelled" });
  const counted = (await readAvailability(fresh)).map(({ gpu_type, jobs }) => [gpu_type, jobs]);
  assert.deepEqual(
    counted.filter(([, jobs]) => Object.keys(jobs as object).length > 0),
    [["h100", { active: 1, queued: 1 }]],
  );
});
