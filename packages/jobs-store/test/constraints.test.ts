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

test("what the row of a job must be is refused by the name of the rule, on INSERT and on UPDATE", async () => {
  const rules: readonly (readonly [rule: string, ...sets: string[]])[] = [
    ["reservations_status", "status = 'lock'"],
    ["reservations_final_is_ended", "status = 'expired'", "reservation_ended = now()"],
    ["reservations_active_ends", "status = 'active', launched_at = now()"],
    ["reservations_cleaned_is_final", "cleaned_at = now()"],
    ["reservations_wanted", "wanted = 'stop'", "wanted = 'end'", "end_as = 'expired'"],
    ["reservations_wanted", "wanted = 'end', end_as = 'queued'"],
    ["reservations_lease", "lease_until = now()", "lease_token = gen_random_uuid()"],
    ["reservations_counts", "version = -1", "generation = -1", "nodes_wanted = 0", "faults = -1"],
    [
      "reservations_reservation_id_check",
      "reservation_id = 'short'",
      "reservation_id = '-12345678'",
    ],
    ["reservations_pod_name_check", "pod_name = 'a-'", "pod_name = ''"],
    ["reservations_gpu_count_check", "gpu_count = -1"],
    ["reservations_duration_hours_check", "duration_hours = 0"],
    ["reservations_disk_size_gb_check", "disk_size_gb = 0"],
    ["reservations_ssh_public_keys", "ssh_public_keys = array_fill('k'::text, '{11}')"],
    ["reservations_status_history_check", "status_history = '{}'"],
    ["reservations_secondary_users_check", "secondary_users = 'null'"],
    ["reservations_warnings_sent_check", "warnings_sent = '[]'"],
    ["reservations_node_port_check", "node_port = 0", "node_port = 65536"],
    ["reservations_jupyter_port_check", "jupyter_port = 0", "jupyter_port = 65536"],
    ["reservations_oom_count_check", "oom_count = -1"],
  ];
  const id = "rules-00000001";
  await insertJob(pool, aJob(userId, id));
  for (const [rule, ...all] of rules) {
    for (const sets of all) {
      const isRefused = (error: unknown) =>
        refused(CHECK_VIOLATION)(error) && (error as StoreError).constraint === rule;
      const update = `UPDATE reservations SET ${sets} WHERE reservation_id = '${id}'`;
      await assert.rejects(pool.query(update), isRefused, sets);
      const wanted = sets.split(/, (?=[a-z_]+ = )/).map((set) => set.split(/ = (.*)/));
      const names = [
        "user_id",
        "image",
        "instance_type",
        "gpu_type",
        "gpu_count",
        "duration_hours",
      ];
      const row = new Map(names.map((name) => [name, name]));
      const own = { reservation_id: "'rules-00000002'", pod_name: "'rules-2'", status: "status" };
      for (const [name, value] of Object.entries(own)) row.set(name, value);
      for (const [name = "", value = ""] of wanted) row.set(name, value);
      const insert = `INSERT INTO reservations (${[...row.keys()].join()})
        SELECT ${[...row.values()].join()} FROM reservations WHERE reservation_id = '${id}'`;
      await assert.rejects(pool.query(insert), isRefused, insert);
    }
  }
});

test("a job needs a user who exists", async () => {
  assert.equal(await insertJob(pool, aJob(999_999, "nobody-0000001")), undefined);
  const owner = "UPDATE reservations SET user_id = 999999 WHERE reservation_id = $1";
  await assert.rejects(pool.query(owner, ["rules-00000001"]), refused(FOREIGN_KEY_VIOLATION));
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
