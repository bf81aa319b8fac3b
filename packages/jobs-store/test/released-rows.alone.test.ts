/** The schema of the first release with rows in it, brought to today's. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  cancelWaitingJob,
  claimDisk,
  connectTarget,
  findJob,
  insertJob,
  isSchemaReady,
  readJobOrder,
} from "../src/index.ts";
import { migrate } from "../src/migrate.ts";
import { migrateWhenReachable } from "../src/migrate-when-reachable.ts";
import { addUser, aJob, migrateUrl, openStore, QUEUES, silent, startCluster } from "./harness.ts";
import { releasedCancel, releasedList, releasedRename, releasedSubmit } from "./released.ts";

const MIGRATIONS = fileURLToPath(new URL("../migrations", import.meta.url));
const cluster = await startCluster({ isOwn: true });
const url = await cluster.createEmptyDatabase();
const { pool } = openStore(url);
const folder = await mkdtemp(path.join(tmpdir(), "airlock-released-"));
after(() => rm(folder, { recursive: true, force: true }));
const isReleased = (name: string) => /^00[1-6]_/.test(name);
for (const name of (await readdir(MIGRATIONS)).filter(isReleased)) {
  await cp(path.join(MIGRATIONS, name), path.join(folder, name));
}
await migrate({ ...connectTarget(url), queues: QUEUES, log: silent, folder });
const alice = await addUser(pool);
const bob = await addUser(pool, "bob");

/** As the release before could have been left by whoever wrote its rows. */
const add = (id: string, status: string, more: Record<string, unknown> = {}) => {
  const row = {
    ...{ reservation_id: id, user_id: alice, status, image: "i", gpu_type: "h100" },
    ...{ gpu_count: 1, instance_type: "p5.48xlarge", duration_hours: 4, pod_name: `gpu-dev-${id}` },
    ...more,
  };
  const columns = Object.keys(row);
  const places = columns.map((_, index) => `$${index + 1}`);
  return pool.query(`INSERT INTO reservations (${columns}) VALUES (${places})`, Object.values(row));
};
await pool.query("INSERT INTO disks (user_id, disk_name, size_gb) VALUES ($1, 'data', 10)", [
  alice,
]);
const created_at = new Date("2026-01-15T12:00:00Z");
await add("waiting-00001", "queued", { disk_name: "data" });
await add("waiting-00002", "queued", { disk_name: "another" });
await add("waiting-00003", "queued", { disk_name: "data", user_id: bob });
await add("running-00001", "active", { created_at });
await add("starting-0001", "preparing", { reservation_ended: new Date() });
await add("ended-0000001", "expired", { pod_name: "gpu-dev-same" });
await add("ended-0000002", "cancelled", { pod_name: "gpu-dev-same", cancelled_at: created_at });
await add("ended-0000003", "failed", { pod_name: "gpu-dev-same", disk_name: "data" });

test("every row is within today's rules, the live ones are due, the others cleaned up", async () => {
  await migrateUrl(url);
  const { rows } = await pool.query<Record<string, unknown>>(
    `SELECT reservation_id AS id, due_at IS NOT NULL AS due, cleaned_at IS NOT NULL AS cleaned,
       reservation_ended IS NOT NULL AS ended, disk_id IS NOT NULL AS disk
     FROM reservations ORDER BY reservation_id`,
  );
  const live = { due: true, cleaned: false, ended: false, disk: false };
  const over = { due: false, cleaned: true, ended: true, disk: false };
  assert.deepEqual(rows, [
    { id: "ended-0000001", ...over },
    { id: "ended-0000002", ...over },
    { id: "ended-0000003", ...over },
    { id: "running-00001", ...live },
    { id: "starting-0001", ...live },
    { id: "waiting-00001", ...live, disk: true },
    { id: "waiting-00002", ...live },
    { id: "waiting-00003", ...live },
  ]);
  const running = await pool.query<{ expires_at: Date }>(
    "SELECT expires_at FROM reservations WHERE reservation_id = 'running-00001'",
  );
  assert.equal(Number(running.rows[0]?.expires_at) - Number(created_at), 4 * 3_600_000);
  const unproved = await pool.query<{ table: string; conname: string }>(
    `SELECT conrelid::regclass::text AS table, conname FROM pg_constraint
     WHERE NOT convalidated AND contype = 'c' ORDER BY 2`,
  );
  assert.ok(unproved.rows.length > 0);
  // the next release validates them: nothing that is there stands against it
  for (const { table, conname } of unproved.rows) {
    await pool.query(`ALTER TABLE ${table} VALIDATE CONSTRAINT ${conname}`);
  }
});

test("a deploy: what the release before asks is answered while the schema moves, and after it", async () => {
  const busy = await cluster.createEmptyDatabase();
  await migrate({ ...connectTarget(busy), queues: QUEUES, log: silent, folder });
  const old = openStore(busy, { max: 8, timeoutMs: 60_000 });
  const userId = await addUser(old.pool);
  // enough for a migration that rewrites or reads a table under its lock to be felt; another's, for
  // the release before reads all jobs of a user to find one of them
  const another = await addUser(old.pool, "another");
  await openStore(busy, { timeoutMs: 60_000 }).pool.query(
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
       instance_type, duration_hours, pod_name)
     SELECT md5(n::text), $1, CASE n % 10 WHEN 0 THEN 'queued' ELSE 'expired' END, 'i', 'h100', 1,
       'p5.48xlarge', 1, 'pod-' || n FROM generate_series(1, 20000) n`,
    [another],
  );
  const job = { userId, image: "i", instanceType: "p5.48xlarge", durationHours: 4, command: "x" };
  const submitted: string[] = [];
  const failed: unknown[] = [];
  let [isOver, done] = [false, 0];
  const works = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await old
        .transaction(async (db) => {
          const id = await releasedSubmit(db, job);
          submitted.push(id);
          await releasedList(db, userId, 20);
          assert.equal(await releasedCancel(db, userId, id), true);
        })
        .catch((error) => failed.push(error));
      done++;
    }
  });
  const until = async (count: number) => {
    while (done < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  try {
    await until(40);
    // as airlock-migrate does: a lock that is not to be had in time is asked for again
    await migrateWhenReachable(() => migrateUrl(busy), { log: silent });
    await until(done + 40);
  } finally {
    isOver = true;
    await Promise.all(works);
  }
  assert.deepEqual(failed, []);
  assert.equal(await isSchemaReady(old.pool), true);
  const { rows } = await old.pool.query(
    `SELECT count(*)::integer AS jobs, count(*) FILTER (WHERE due_at IS NOT NULL)::integer AS due
     FROM reservations WHERE reservation_id = ANY ($1)`,
    [submitted],
  );
  assert.deepEqual(rows, [{ jobs: submitted.length, due: submitted.length }]);
});

test("both versions at once: each sees, cancels and lists what the other wrote", async () => {
  const store = openStore(url);
  const job = { userId: alice, image: "i", instanceType: "p5.48xlarge", durationHours: 4 };
  const theirs = await store.transaction((db) => releasedSubmit(db, { ...job, command: "x" }));
  const ours = "written-by-today-1";
  const disk = await claimDisk(pool, { userId: alice, diskName: "shared", sizeGb: 10 });
  const wanted = { diskName: "shared", diskId: disk.disk_id };
  await insertJob(pool, { ...aJob(alice, ours), ...wanted });
  // theirs, seen by us
  const found = await findJob(pool, { userId: alice, reservationId: theirs });
  assert.deepEqual([found?.status, found?.wanted_fingerprint], ["queued", null]);
  const orderId = "5b1c1f64-7a3d-4c1e-9b62-0f5a6f1f2c11";
  assert.equal(await cancelWaitingJob(pool, { reservationId: theirs, orderId }), true);
  // ours, seen by them
  const listed = await releasedList(pool, alice, 2);
  assert.deepEqual(
    listed.map((row) => [row.reservation_id, row.status]),
    [
      [ours, "queued"],
      [theirs, "cancelled"],
    ],
  );
  assert.equal(await releasedCancel(pool, alice, theirs), false);
  assert.equal(await releasedCancel(pool, alice, ours), true);
  await store.transaction((db) => releasedRename(db, alice, "shared", "renamed"));
  assert.equal((await findJob(pool, { userId: alice, reservationId: ours }))?.disk_name, "renamed");
  const sent = await pool.query<{ msg_id: string; message: unknown }>(
    `SELECT msg_id::text, message FROM pgmq.q_gpu_reservations ORDER BY msg_id DESC LIMIT 2`,
  );
  const orders = sent.rows.map(({ msg_id, message }) =>
    readJobOrder(message, { queue: "gpu_reservations", messageId: msg_id }),
  );
  assert.deepEqual(
    orders.map((order) => [order?.action, order?.job_id]),
    [
      ["cancel", ours],
      ["create", theirs],
    ],
  );
});

test("the release before goes on writing: its job is due in a minute, and its pod's name is its own", async () => {
  await add("old-code-00001", "queued");
  const { rows } = await pool.query(
    `SELECT version, wanted, cleaned_at, due_at - now() BETWEEN '50 s' AND '1 min' AS due
     FROM reservations WHERE reservation_id = 'old-code-00001'`,
  );
  assert.deepEqual(rows, [{ version: 0, wanted: "run", cleaned_at: null, due: true }]);
});
