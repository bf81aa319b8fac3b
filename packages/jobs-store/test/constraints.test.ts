/** What the tables refuse, whoever writes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DISK_NAME,
  insertDisk,
  insertJob,
  insertKey,
  moveJob,
  POD_NAME,
  RESERVATION_ID,
  StoreError,
} from "../src/index.ts";
import { addUser, aJob, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const { pool } = openStore(await cluster.createDatabase());
const userId = await addUser(pool);

const conflict = (constraint: string) => (error: unknown) =>
  error instanceof StoreError && error.code === "conflict" && error.constraint === constraint;
const refused = (sqlState: string) => (error: unknown) =>
  error instanceof StoreError && error.code === "failed" && error.sqlState === sqlState;

const AN_EVENT = { kind: "moved", actor: "processor" } as const;
const CHECK_VIOLATION = "23514";
const FOREIGN_KEY_VIOLATION = "23503";

test("a state that is none is refused", async () => {
  await insertJob(pool, aJob(userId, "state-00000001"));
  for (const state of ["done", "lock", "ACTIVE", ""]) {
    const update = pool.query("UPDATE reservations SET status = $1", [state]);
    await assert.rejects(update, refused(CHECK_VIOLATION), state);
  }
});

test("a job needs a user who exists", async () => {
  await assert.rejects(
    insertJob(pool, aJob(999_999, "nobody-0000001")),
    refused(FOREIGN_KEY_VIOLATION),
  );
});

test("the tables and the grammar for clients refuse the same names", async () => {
  const names = ["fine-0000001", "short", "per%cent0001", "under_score001", "a/../../b0001"];
  for (const id of [...names, "-dash0000001", "UPPER-000001", "a".repeat(64), "a".repeat(65)]) {
    const job = insertJob(pool, { ...aJob(userId, id), podName: `pod-${names.length}` });
    const isTaken = await outcome(job);
    await pool.query("DELETE FROM reservations WHERE reservation_id = $1", [id]);
    assert.equal(isTaken, RESERVATION_ID.test(id), id);
  }
  for (const podName of [
    "fine",
    "a",
    "-a",
    "a-",
    "A",
    "a_b",
    "a.b",
    "a".repeat(63),
    "a".repeat(64),
  ]) {
    const job = insertJob(pool, { ...aJob(userId, "podname-00001"), podName });
    const isTaken = await outcome(job);
    await pool.query("DELETE FROM reservations WHERE reservation_id = 'podname-00001'");
    assert.equal(isTaken, POD_NAME.test(podName), podName);
  }
  for (const diskName of ["fine_-1", "", "a b", "a/b", "ä", "d".repeat(63), "d".repeat(64)]) {
    const isTaken = await outcome(insertDisk(pool, { userId, diskName, sizeGb: null }));
    assert.equal(isTaken, DISK_NAME.test(diskName), diskName);
  }
});

const outcome = (insert: Promise<unknown>): Promise<boolean> =>
  insert.then(
    () => true,
    () => false,
  );

test("a job's id is taken once", async () => {
  await insertJob(pool, aJob(userId, "twice-00000001"));
  const again = { ...aJob(userId, "twice-00000001"), podName: "gpu-dev-other" };
  await assert.rejects(insertJob(pool, again), conflict("reservations_pkey"));
});

test("two jobs never have one pod name until nothing of the first is left", async () => {
  const first = { ...aJob(userId, "pod-000000001"), podName: "gpu-dev-same" };
  const second = { ...aJob(userId, "pod-000000002"), podName: "gpu-dev-same" };
  await insertJob(pool, first);
  const isTaken = (error: unknown) =>
    ["reservations_live_pod_name", "reservations_pod_name"].some((name) => conflict(name)(error));
  await assert.rejects(insertJob(pool, second), isTaken);
  const about = { reservationId: first.reservationId, event: AN_EVENT };
  await moveJob(pool, { ...about, from: ["queued"], to: "failed" });
  await assert.rejects(insertJob(pool, second), isTaken);
  await moveJob(pool, { ...about, from: ["failed"], isCleaned: true });
  await insertJob(pool, second);
});

test("a user's active keys differ in their prefix, a key's hash is unique", async () => {
  const key = (prefix: string, hash: string) => ({
    userId,
    keyHash: hash.repeat(64),
    keyPrefix: prefix,
    description: "test",
    ttlSeconds: 60,
    loginTtlSeconds: 60,
  });
  await insertKey(pool, key("gpud_aaaaaaaa", "a"));
  await assert.rejects(
    insertKey(pool, key("gpud_aaaaaaaa", "b")),
    conflict("api_keys_active_prefix"),
  );
  await assert.rejects(
    insertKey(pool, key("gpud_bbbbbbbb", "a")),
    conflict("api_keys_key_hash_key"),
  );
  const outlives = { ...key("gpud_cccccccc", "c"), ttlSeconds: 61 };
  await assert.rejects(insertKey(pool, outlives), refused(CHECK_VIOLATION));
});

test("a disk's name is taken while the disk can be restored", async () => {
  await insertDisk(pool, { userId, diskName: "data", sizeGb: 100 });
  await assert.rejects(
    insertDisk(pool, { userId, diskName: "data", sizeGb: null }),
    conflict("disks_name"),
  );
  await insertDisk(pool, { userId: await addUser(pool, "bob"), diskName: "data", sizeGb: 1 });
});

test("an error of a constraint repeats no value of the row", async () => {
  const secret = "do-not-repeat-me";
  const insert = pool.query("INSERT INTO auth_challenges VALUES ($1, now(), now())", [secret]);
  await assert.rejects(insert, (error) => {
    assert.ok(error instanceof StoreError);
    assert.doesNotMatch(JSON.stringify({ ...error }) + error.message + error.stack, /repeat-me/);
    return true;
  });
});
