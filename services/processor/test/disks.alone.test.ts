/** Disks: their volumes are made, each order ends its operation, and one job has one at a time. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import {
  callForDisks,
  claimDisk,
  type DiskAction,
  type DiskOperationRow,
  type DiskOrder,
  findDisk,
  findDiskOperation,
  insertDisk,
  insertDiskOperation,
  markDiskDeleted,
  renameDisk,
  restoreDisk,
  sendOrder,
} from "@airlock/jobs-store";
import { claimNameOf } from "../src/disks/disk-names.ts";
import { DISK_RULES } from "../src/disks/disk-rules.ts";
import { playCluster } from "./played-cluster.ts";
import { DISK_QUEUE, openWorld, startPostgres, withProcessorsRights, work } from "./world.ts";

const postgres = await startPostgres();
const world = await openWorld(postgres);
const { store, userId } = world;
const cluster = playCluster();
cluster.addNode("n1", { gpus: 8 });
// disk-lives.test.ts is about snapshots
const diskRules = { ...DISK_RULES, storageClass: "fast", takesSnapshots: false };
const limited = await withProcessorsRights(world);
const processors = [work(limited, cluster, { diskRules }), work(limited, cluster, { diskRules })];
after(async () => {
  await Promise.all(processors.map((processor) => processor.stop()));
  await limited.store.close();
  await store.close();
  await postgres.stop();
});

/** As the API does: the row, the operation and the order in one transaction. @returns both ids. */
const change = (diskName: string, action: DiskAction, released?: (operationId: string) => object) =>
  store.transaction(async (transaction) => {
    const operationId = randomUUID();
    const found = await findDisk(transaction, { userId, diskName });
    const diskId =
      found?.disk_id ?? (await insertDisk(transaction, { userId, diskName, sizeGb: 20 }));
    if (action === "delete") await markDiskDeleted(transaction, { diskId, keepDays: 30 });
    if (action === "restore") await restoreDisk(transaction, diskId);
    if (action === "rename") {
      await renameDisk(transaction, { diskId, newName: `${diskName}-renamed` });
    }
    await insertDiskOperation(transaction, { operationId, diskId, action });
    const order: DiskOrder = {
      v: 1,
      action: `${action}_disk`,
      order_id: operationId,
      disk_id: diskId,
      arguments: {},
    };
    const sent = (released?.(operationId) as DiskOrder | undefined) ?? order;
    await sendOrder(transaction, { queue: DISK_QUEUE, order: sent });
    return { operationId, diskId };
  });
const eventually = async <T>(
  look: () => Promise<T | undefined>,
  what: () => string,
): Promise<T> => {
  for (const end = performance.now() + 20_000; ; ) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`never: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const operation = (operationId: string, isSo: (row: DiskOperationRow) => boolean) =>
  eventually(
    async () => {
      const row = await findDiskOperation(store.pool, { userId, operationId });
      return row && isSo(row) ? row : undefined;
    },
    () => operationId,
  );
const ended = async (operationId: string) => {
  const { status, error } = await operation(
    operationId,
    ({ completed_at }) => completed_at !== null,
  );
  return error === null ? status : `${status}: ${error}`;
};
const told = (jobId: string, words: RegExp) => {
  let last: string | null = null;
  return eventually(
    async () => {
      last = (await world.job(jobId)).current_detailed_status;
      return words.test(last ?? "") ? true : undefined;
    },
    () => `${jobId}: ${words}: ${last}`,
  );
};
const claims = (diskId: string) =>
  cluster.created
    .filter(({ name }) => name === claimNameOf(diskId))
    .map(({ manifest }) => manifest);

test("a disk that is asked for is a claim, once, and all its changes end", async () => {
  const { operationId, diskId } = await change("plain", "create");
  assert.equal(await ended(operationId), "completed");
  const [claim, ...others] = claims(diskId);
  assert.equal(others.length, 0);
  assert.deepEqual(claim?.metadata.annotations, {
    "airlock/disk-id": diskId,
    "airlock/owner": "alice",
  });
  assert.deepEqual(claim?.spec, {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "20Gi" } },
    storageClassName: "fast",
  });
  for (const action of ["delete", "restore", "rename"] as const) {
    assert.equal(await ended((await change("plain", action)).operationId), "completed", action);
  }
  assert.equal(claims(diskId).length, 1);
  assert.ok(cluster.claims.has(claimNameOf(diskId)), "a deleted disk keeps what is on it");
});

test("orders of the first release are carried out too", async () => {
  const released = await change("released", "create", (operation_id) => ({
    action: "create_disk",
    operation_id,
    user_id: "alice",
    disk_name: "released",
    size_gb: 20,
  }));
  assert.equal(await ended(released.operationId), "completed");
});

test("an order that was lost is found again", async () => {
  const diskId = await insertDisk(store.pool, { userId, diskName: "lost", sizeGb: 20 });
  const operationId = randomUUID();
  await insertDiskOperation(store.pool, { operationId, diskId, action: "create" });
  const row = await store.pool.query<{ soon: boolean }>(
    "SELECT due_at < now() + interval '2 minutes' AS soon FROM disks WHERE disk_id = $1",
    [diskId],
  );
  assert.equal(row.rows[0]?.soon, true);
  // a change of what has nothing due any more
  await store.pool.query("UPDATE disks SET due_at = NULL, state = 'ready' WHERE disk_id = $1", [
    diskId,
  ]);
  await store.pool.query(
    "UPDATE disk_operations SET created_at = now() - interval '2 minutes' WHERE operation_id = $1",
    [operationId],
  );
  await callForDisks(store.pool);
  assert.equal(await ended(operationId), "completed");
});

test("what the cluster's policy refuses is told, to the operation and to a job that waits", async () => {
  cluster.failNext("create", "admission_denied");
  const { operationId, diskId } = await change("refused", "create");
  assert.equal(await ended(operationId), "failed: The cluster says admission_denied.");
  const jobId = await world.submit({ disk: "refused" });
  await told(
    jobId,
    /^Waits for its disk refused: its volume is being made\. It could not .*denied/,
  );
  // it is allowed by now
  await store.pool.query("UPDATE disks SET due_at = now() WHERE disk_id = $1", [diskId]);
  await world.until(jobId, "active");
  assert.equal(
    (await world.job(jobId)).current_detailed_status,
    "Runs. /home/dev is on its disk refused.",
  );
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
});

test("a quota that is used up is waited for, and not for ever", async () => {
  cluster.failNext("create", "quota_exceeded", 2);
  const { operationId, diskId } = await change("large", "create");
  await eventually(
    async () => {
      const { rows } = await store.pool.query<{ faults: number }>(
        "SELECT faults FROM disks WHERE disk_id = $1",
        [diskId],
      );
      return (rows[0]?.faults ?? 0) > 0 || undefined;
    },
    () => "a fault",
  );
  assert.equal((await operation(operationId, () => true)).completed_at, null);
  await store.pool.query(
    "UPDATE disk_operations SET created_at = now() - interval '1 hour' WHERE operation_id = $1",
    [operationId],
  );
  assert.equal(await ended(operationId), "failed: The cluster says quota_exceeded.");
});

test("what is deleted before it is made is never made; restored it is", async () => {
  const diskId = await insertDisk(store.pool, { userId, diskName: "brief", sizeGb: 20 });
  const operationId = randomUUID();
  await markDiskDeleted(store.pool, { diskId, keepDays: 30 });
  await insertDiskOperation(store.pool, { operationId, diskId, action: "create" });
  await store.pool.query("UPDATE disks SET due_at = now() WHERE disk_id = $1", [diskId]);
  assert.equal(await ended(operationId), "failed: It was deleted before its volume was made.");
  assert.equal(claims(diskId).length, 0);
  assert.equal(await ended((await change("brief", "restore")).operationId), "completed");
  assert.equal(claims(diskId).length, 1);
});

test("one job has a disk at a time; the other one says why it waits, and gets it", async () => {
  const first = await world.submit({ disk: "shared" });
  await world.until(first, "active");
  const { disk_id: diskId } = await claimDisk(store.pool, {
    userId,
    diskName: "shared",
    sizeGb: 1,
  });
  const pod = cluster.created.find(({ name }) => name === `gpu-dev-${first}`)?.manifest;
  assert.ok(JSON.stringify(pod).includes(`"claimName":"${claimNameOf(diskId)}"`));
  const disk = () => findDisk(store.pool, { userId, diskName: "shared" });
  assert.deepEqual([(await disk())?.in_use, (await disk())?.reservation_id], [true, first]);
  const second = await world.submit({ disk: "shared" });
  const third = await world.submit({ disk: "shared" });
  const other = await world.submit();
  await world.until(other, "active");
  await told(second, new RegExp(`^Waits for its disk shared: job ${first.slice(0, 8)} has it\\.$`));
  await world.order(first, "cancel");
  await world.until(second, "active");
  assert.equal((await disk())?.reservation_id, second);
  assert.equal((await world.job(third)).status, "queued");
  for (const jobId of [second, third, other]) await world.order(jobId, "cancel");
  for (const jobId of [second, third, other]) await world.until(jobId, "cancelled");
  assert.equal((await disk())?.in_use, false);
  assert.notEqual((await disk())?.last_used, null);
});

test("a job that a version before ended, and did not give its disk back, keeps nobody waiting", async () => {
  const gone = await world.submit({ disk: "kept" });
  await world.until(gone, "active");
  await world.order(gone, "cancel");
  await world.until(gone, "cancelled");
  await store.pool.query("UPDATE disks SET reservation_id = $1 WHERE disk_name = 'kept'", [gone]);
  const jobId = await world.submit({ disk: "kept" });
  await world.until(jobId, "active");
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
});

test("a volume that somebody has deleted is not replaced by an empty one", async () => {
  const { operationId, diskId } = await change("vanished", "create");
  assert.equal(await ended(operationId), "completed");
  cluster.claims.delete(claimNameOf(diskId));
  const jobId = await world.submit({ disk: "vanished" });
  const { failure_reason } = await world.until(jobId, "failed");
  assert.match(failure_reason ?? "", /^The volume of its disk vanished is gone/);
  assert.equal(claims(diskId).length, 1);
});
