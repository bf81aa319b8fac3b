/** The schema of the first release with rows in it, brought to today's. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connectTarget } from "../src/index.ts";
import { migrate } from "../src/migrate.ts";
import { addUser, migrateUrl, openStore, QUEUES, silent, startCluster } from "./harness.ts";

const MIGRATIONS = fileURLToPath(new URL("../migrations", import.meta.url));
const cluster = await startCluster();
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
  const unproved = await pool.query<{ conname: string }>(
    "SELECT conname FROM pg_constraint WHERE NOT convalidated AND contype = 'c' ORDER BY 1",
  );
  assert.ok(unproved.rows.length > 0);
  // the next release validates them: nothing that is there stands against it
  for (const { conname } of unproved.rows) {
    const table = conname.startsWith("disks") ? "disks" : "reservations";
    await pool.query(`ALTER TABLE ${table} VALIDATE CONSTRAINT ${conname}`);
  }
});

test("the release before goes on writing: its job is due in a minute, and its pod's name is its own", async () => {
  await add("old-code-00001", "queued");
  const { rows } = await pool.query(
    `SELECT version, wanted, cleaned_at, due_at - now() BETWEEN '50 s' AND '1 min' AS due
     FROM reservations WHERE reservation_id = 'old-code-00001'`,
  );
  assert.deepEqual(rows, [{ version: 0, wanted: "run", cleaned_at: null, due: true }]);
});
