/** Disks and what is to be done with them. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import {
  findDisk,
  findDiskOperation,
  insertDisk,
  insertDiskOperation,
  insertJob,
  listDisks,
  listSnapshots,
  lockDisk,
  markDiskDeleted,
  renameDisk,
  restoreDisk,
  retireSnapshots,
  StoreError,
} from "../src/index.ts";
import { addUser, aJob, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const store = openStore(await cluster.createDatabase());
const { pool } = store;
let userId = 0;

before(async () => {
  userId = await addUser(pool);
});

const inDays = (days: number) =>
  new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

test("a deleted disk is kept for its owner, and comes back", async () => {
  const diskId = await insertDisk(pool, { userId, diskName: "kept", sizeGb: 100 });
  const deleteDate = await markDiskDeleted(pool, { diskId, keepDays: 30 });
  // the day may change between the two clocks
  assert.ok([inDays(30), inDays(29)].includes(deleteDate ?? ""), deleteDate);
  assert.equal(await markDiskDeleted(pool, { diskId, keepDays: 30 }), undefined);
  const names = async () => (await listDisks(pool, userId)).map((disk) => disk.disk_name);
  assert.deepEqual(await names(), []);
  const found = await findDisk(pool, { userId, diskName: "kept" });
  assert.deepEqual([found?.is_deleted, found?.delete_date], [true, deleteDate]);
  assert.equal(await restoreDisk(pool, diskId), true);
  assert.equal(await restoreDisk(pool, diskId), false);
  assert.deepEqual(await names(), ["kept"]);
});

test("on its day a disk cannot be restored any more", async () => {
  const diskId = await insertDisk(pool, { userId, diskName: "late", sizeGb: null });
  await markDiskDeleted(pool, { diskId, keepDays: 0 });
  assert.equal(await restoreDisk(pool, diskId), false);
});

test("a disk is in use while a job has it, and never without one", async () => {
  const diskId = await insertDisk(pool, { userId, diskName: "mounted", sizeGb: null });
  await insertJob(pool, aJob(userId, "mounts-000001"));
  const set = "UPDATE disks SET reservation_id = $1 WHERE disk_id = $2";
  await pool.query(set, ["mounts-000001", diskId]);
  assert.equal((await findDisk(pool, { userId, diskName: "mounted" }))?.in_use, true);
  await pool.query("DELETE FROM reservations");
  assert.equal((await findDisk(pool, { userId, diskName: "mounted" }))?.in_use, false);
});

test("a rename goes to a free name", async () => {
  const diskId = await insertDisk(pool, { userId, diskName: "before", sizeGb: null });
  await insertDisk(pool, { userId, diskName: "occupied", sizeGb: null });
  await assert.rejects(
    renameDisk(pool, { diskId, newName: "occupied" }),
    (error) => error instanceof StoreError && error.code === "conflict",
  );
  await renameDisk(pool, { diskId, newName: "after" });
  assert.equal((await findDisk(pool, { userId, diskName: "after" }))?.disk_id, diskId);
});

test("an operation belongs to one disk of one user", async () => {
  const diskId = await insertDisk(pool, { userId, diskName: "worked-on", sizeGb: 50 });
  const operationId = randomUUID();
  await insertDiskOperation(pool, { operationId, diskId, action: "create" });
  const named = { userId, operationId };
  const found = await findDiskOperation(pool, named);
  assert.deepEqual(
    [found?.status, found?.action, found?.error, found?.is_deleted],
    ["queued", "create", null, false],
  );
  const stranger = await addUser(pool, "stranger");
  assert.equal(await findDiskOperation(pool, { ...named, userId: stranger }), undefined);
  assert.equal(await findDiskOperation(pool, { ...named, operationId: randomUUID() }), undefined);
  await renameDisk(pool, { diskId, newName: "worked-on-2" });
  assert.equal((await findDiskOperation(pool, named))?.disk_name, "worked-on-2");
});

test("two changes of one disk happen one after the other", async () => {
  await insertDisk(pool, { userId, diskName: "contended", sizeGb: null });
  const deleteOnce = () =>
    store.transaction(async (db) => {
      const disk = await lockDisk(db, { userId, diskName: "contended" });
      if (!disk || disk.is_deleted) return "was deleted";
      await markDiskDeleted(db, { diskId: disk.disk_id, keepDays: 30 });
      return "deleted";
    });
  const answers = await Promise.all([deleteOnce(), deleteOnce(), deleteOnce()]);
  assert.deepEqual(answers.sort(), ["deleted", "was deleted", "was deleted"]);
});

test("a processor of the version before does not end what it knows nothing of", async () => {
  const diskId = await insertDisk(pool, { userId, diskName: "of-both", sizeGb: 10 });
  const [create, resize, snapshot] = [randomUUID(), randomUUID(), randomUUID()];
  await insertDiskOperation(pool, { operationId: create, diskId, action: "create" });
  await insertDiskOperation(pool, { operationId: resize, diskId, action: "resize", sizeGb: 20 });
  await insertDiskOperation(pool, { operationId: snapshot, diskId, action: "snapshot" });
  // its words
  await pool.query(
    `UPDATE disk_operations SET completed_at = now(), status = 'completed', error = NULL
     WHERE disk_id = $1::uuid AND completed_at IS NULL`,
    [diskId],
  );
  const status = async (operationId: string) =>
    (await findDiskOperation(pool, { userId, operationId }))?.status;
  assert.equal(await status(create), "completed");
  assert.deepEqual([await status(resize), await status(snapshot)], ["queued", "queued"]);
});

test("the newest snapshots are kept, and those that are young, and what something is made of", async () => {
  const diskId = await insertDisk(pool, { userId, diskName: "snapped", sizeGb: 10 });
  const days = [1, 2, 9, 10, 11, 12];
  const ids: string[] = [];
  for (const age of days) {
    const { rows } = await pool.query<{ snapshot_id: string }>(
      `INSERT INTO disk_snapshots (disk_id, snapshot_name, state, created_at)
       VALUES ($1::uuid, gen_random_uuid(), 'ready', now() - make_interval(days => $2::integer))
       RETURNING snapshot_id`,
      [diskId, age],
    );
    ids.push(rows[0]?.snapshot_id ?? "");
  }
  await insertDisk(pool, {
    userId,
    diskName: "made-of-it",
    sizeGb: 10,
    source: { diskId, snapshotId: ids[4] ?? "" },
  });
  const kept = async (newest: number, keepDays: number) => {
    await retireSnapshots(pool, { newest, days: keepDays });
    const all = await listSnapshots(pool, diskId);
    return all
      .filter(({ state }) => state === "ready")
      .map((one) => days[ids.indexOf(one.snapshot_id)]);
  };
  assert.deepEqual(await kept(3, 11), [1, 2, 9, 10, 11]);
  assert.deepEqual(await kept(3, 7), [1, 2, 9, 11]);
  assert.deepEqual(await kept(1, 0), [1, 11]);
  const row = await findDisk(pool, { userId, diskName: "snapped" });
  assert.deepEqual([row?.snapshot_count, row?.is_backing_up], [2, false]);
});

for (const document of ["docs/runbook.md", "k8s/README.md"]) {
  test(`${document}: what operators are told to ask is something that the tables have`, async () => {
    const page = await readFile(new URL(`../../../${document}`, import.meta.url), "utf8");
    const blocks = [...page.matchAll(/^```sql\n(SELECT .*?)^```$/gms)];
    assert.ok(blocks.length > 0);
    for (const [, sql = ""] of blocks) await pool.query(sql.replaceAll("'…'", `'${randomUUID()}'`));
  });
}
