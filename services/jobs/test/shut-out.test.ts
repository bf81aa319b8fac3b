/** Whoever is shut out while their request is under way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectTarget, createStore } from "@airlock/jobs-store";
import { startAdminWorld } from "./admin-world.ts";
import { type JobsRig, SEED_JOB } from "./harness.ts";

const { database, one, db, admin, bob, userIdOf, submit } = await startAdminWorld();

test("whoever is shut out begins nothing more, though their key is remembered for a moment", async () => {
  const bobs = await userIdOf("bob-example.com");
  const alices = await userIdOf("alice-example.com");
  const queued = await submit(bob);
  const disk = await one.ask("POST", "/v1/disks", { key: bob, body: { disk_name: "bobs" } });
  assert.equal(disk.status, 200, JSON.stringify(disk.body));
  const job = { ...SEED_JOB, disk_name: null, disk_size_gb: null };
  const asked: readonly (readonly [key: string, method: string, path: string, body?: object])[] = [
    [bob, "POST", "/jobs/submit", job],
    [bob, "POST", "/jobs/submit", { ...job, disk_name: "another", disk_size_gb: 100 }],
    [bob, "POST", `/jobs/${queued}/users`, { github_username: "carol" }],
    [bob, "POST", "/disks", { disk_name: "third" }],
    [bob, "POST", "/keys/rotate"],
    [admin, "POST", `/admin/users/${alices}/enable`],
  ];
  const log = { info() {}, warn() {}, error() {} };
  const times = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, log };
  const store = createStore({ ...connectTarget(database), pool: { min: 0, max: 2 }, ...times });
  const waits =
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  for (const [key, method, path, body] of asked) {
    // remembered
    assert.equal((await one.ask("GET", "/v1/keys", { key })).status, 200, path);
    let answer: ReturnType<JobsRig["ask"]> | undefined;
    await store.transaction(async (transaction) => {
      const sql = "UPDATE api_users SET is_active = false WHERE user_id = ANY ($1)";
      await transaction.query(sql, [[bobs, alices]]);
      answer = one.ask(method, `/v1${path}`, { key, ...(body && { body }) });
      let isAnswered = false;
      void answer.then(() => (isAnswered = true));
      while (!isAnswered && (await store.pool.query(waits)).rows.length === 0) await sleep(1);
    });
    const told = await answer;
    assert.deepEqual([told?.status, told?.body.code], [403, "api_key_disabled"], path);
    await db.query("UPDATE api_users SET is_active = true");
  }
  await store.close();
  const { rows } = await db.query(
    `SELECT (SELECT count(*)::integer FROM reservations WHERE user_id = $1) AS jobs,
       (SELECT array_agg(disk_name) FROM disks WHERE user_id = $1) AS disks`,
    [bobs],
  );
  assert.deepEqual(rows, [{ jobs: 1, disks: ["bobs"] }]);
  assert.equal((await one.ask("GET", "/v1/keys", { key: bob })).status, 200);
});
