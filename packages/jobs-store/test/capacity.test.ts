/** GPU types by file and capacity by nodes, on a real Postgres. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyGpuTypes,
  deleteQuota,
  findGpuTypes,
  type GpuType,
  insertJob,
  liftCordon,
  listCordons,
  listQuotas,
  type Queryable,
  readHoldings,
  type SeenNode,
  setCordon,
  setQuota,
  writeNodes,
  writeUnbookedAmounts,
} from "../src/index.ts";
import { addUser, aJob, migrateUrl, openStore, readAvailability, startCluster } from "./harness.ts";

const cluster = await startCluster();
const fresh = async () => openStore(await cluster.createDatabase()).pool;

const H100: GpuType = {
  gpuType: "h100",
  resourceName: "nvidia.com/gpu",
  instanceTypes: ["p5.48xlarge", "p5en.48xlarge"],
  gpus: 8,
  slots: 0,
  cpus: 192,
  memoryGb: 2048,
};
const CPU: GpuType = { ...H100, gpuType: "cpu", instanceTypes: ["c7i.8xlarge"], gpus: 0, slots: 3 };

interface Node {
  readonly type: string;
  readonly gpus?: number;
  readonly slots?: number;
  readonly foreign?: number;
  readonly isReady?: boolean;
  readonly isGone?: boolean;
}

/** As a processor would write them. */
async function see(db: Queryable, nodes: Readonly<Record<string, Node>>): Promise<void> {
  for (const [
    name,
    { type, gpus = 0, slots = 0, foreign = 0, isReady = true, isGone },
  ] of Object.entries(nodes)) {
    await db.query(
      `INSERT INTO nodes (node_name, gpu_type, gpus, slots, foreign_gpus, is_ready, gone_at)
       VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7::boolean THEN now() END)`,
      [name, type, gpus, slots, foreign, isReady, isGone ?? false],
    );
  }
}

const capacityOf = async (db: Queryable, type: string) => {
  const row = (await readAvailability(db)).find(({ gpu_type }) => gpu_type === type);
  if (row === undefined) throw new Error(`no ${type}`);
  return row;
};
const numbersOf = async (db: Queryable, type: string) => {
  const { is_seen, total, available, in_use, queued, max_per_node } = await capacityOf(db, type);
  return { is_seen, total, available, in_use, queued, max_per_node };
};
const offered = async (db: Queryable) =>
  (await readAvailability(db)).filter(({ is_active }) => is_active).map((row) => row.gpu_type);
const NOTHING = { total: 0, available: 0, in_use: 0, queued: 0, max_per_node: 0 };

test("without a file the ten types are there, and nobody knows how many of them", async () => {
  const db = await fresh();
  const rows = await readAvailability(db);
  assert.equal(rows.length, 10);
  for (const row of rows) {
    assert.deepEqual(row.instance_types, [row.instance_type]);
    assert.deepEqual(await numbersOf(db, row.gpu_type), { is_seen: false, ...NOTHING });
  }
});

test("types that the file does not name are withdrawn, keep their jobs, and come back with it", async () => {
  const db = await fresh();
  const userId = await addUser(db);
  await insertJob(db, {
    ...aJob(userId, "capacity-0001"),
    gpuType: "t4",
    instanceType: "g4dn.12xlarge",
  });
  await applyGpuTypes(db, [H100, CPU]);
  assert.deepEqual(await offered(db), ["cpu", "h100"]);
  assert.equal((await capacityOf(db, "t4")).queued, 1);
  assert.deepEqual(await findGpuTypes(db, { gpuType: "t4" }), []);
  const [h100] = await findGpuTypes(db, { instanceType: "p5en.48xlarge" });
  assert.equal(h100?.gpu_type, "h100");
  await applyGpuTypes(db, [{ ...H100, gpuType: "t4", instanceTypes: ["g4dn.12xlarge"], gpus: 4 }]);
  assert.deepEqual(await offered(db), ["t4"]);
});

test("machines may change hands between types, at once", async () => {
  const db = await fresh();
  const other = { ...H100, gpuType: "other", instanceTypes: ["p6.48xlarge"] };
  await applyGpuTypes(db, [H100, other]);
  await applyGpuTypes(db, [
    { ...H100, instanceTypes: other.instanceTypes },
    { ...other, instanceTypes: H100.instanceTypes },
  ]);
  const [found, ...more] = await findGpuTypes(db, { instanceType: "p5.48xlarge" });
  assert.deepEqual([found?.gpu_type, more], ["other", []]);
});

test("a file that says nothing new writes nothing", async () => {
  const db = await fresh();
  await applyGpuTypes(db, [H100, CPU]);
  const versions = () => db.query("SELECT gpu_type, xmin::text FROM gpu_types ORDER BY 1");
  const before = (await versions()).rows;
  await applyGpuTypes(db, [CPU, H100]);
  assert.deepEqual((await versions()).rows, before);
});

test("a migration applies the file, and without one leaves the types as they are", async () => {
  const url = await cluster.createDatabase();
  const { pool } = openStore(url);
  await migrateUrl(url, [H100]);
  assert.deepEqual(await offered(pool), ["h100"]);
  await migrateUrl(url);
  assert.deepEqual(await offered(pool), ["h100"]);
});

const book = (db: Queryable, generation: number, node: string, gpus: number, slots = 0) =>
  db.query(
    `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus, slots)
     VALUES ('capacity-0002', $1::integer, 0, 'pod-' || $1::integer, $2, $3, $4)`,
    [generation, node, gpus, slots],
  );

test("totals are those of nodes that were seen; what is booked, foreign, closed or gone is not free", async () => {
  const db = await fresh();
  const userId = await addUser(db);
  await see(db, {
    one: { type: "h100", gpus: 8 },
    two: { type: "h100", gpus: 8, foreign: 3 },
    closed: { type: "h100", gpus: 8, isReady: false },
    gone: { type: "h100", gpus: 8, isGone: true },
    cpu: { type: "cpu-x86", slots: 3 },
  });
  await insertJob(db, aJob(userId, "capacity-0002"));
  await db.query("UPDATE reservations SET status = 'preparing'");
  await book(db, 1, "one", 8);
  await db.query("UPDATE job_pods SET released_at = now()");
  await book(db, 2, "one", 2);
  const h100 = { total: 24, available: 11, in_use: 2, queued: 0, max_per_node: 8 };
  assert.deepEqual(await numbersOf(db, "h100"), { is_seen: true, ...h100 });
  const cpu = { total: 3, available: 3, in_use: 0, queued: 0, max_per_node: 3 };
  assert.deepEqual(await numbersOf(db, "cpu-x86"), { is_seen: true, ...cpu });
  // somebody has looked, and there is none
  assert.deepEqual(await numbersOf(db, "a100"), { is_seen: true, ...NOTHING });
});

test("a node has no more for one job than it shows, whatever machines of its type have", async () => {
  const db = await fresh();
  await see(db, { one: { type: "h100", gpus: 2 }, two: { type: "h100", gpus: 2, foreign: 1 } });
  const { max_per_node, available } = await capacityOf(db, "h100");
  assert.deepEqual([max_per_node, available], [2, 3]);
});

test("what the first one in line waits for is not free for others", async () => {
  const db = await fresh();
  const userId = await addUser(db);
  await see(db, { one: { type: "h100", gpus: 8 }, two: { type: "h100", gpus: 8 } });
  await insertJob(db, aJob(userId, "capacity-0002"));
  await db.query("UPDATE reservations SET status = 'preparing'");
  await book(db, 1, "one", 4);
  await book(db, 2, "two", 3);
  assert.equal((await capacityOf(db, "h100")).available, 9);
  await insertJob(db, { ...aJob(userId, "capacity-0003"), gpuCount: 8 });
  const { available, queued } = await capacityOf(db, "h100");
  assert.deepEqual([available, queued], [4, 8]);
});

test("nodes that nobody has looked at for five minutes are not known any more", async () => {
  const db = await fresh();
  await writeNodes(db, [seen("one")]);
  const known = { is_seen: true, total: 8, available: 8, in_use: 0, queued: 0, max_per_node: 8 };
  assert.deepEqual(await numbersOf(db, "h100"), known);
  await passes(db, "4 minutes");
  assert.deepEqual(await numbersOf(db, "h100"), known);
  await passes(db, "2 minutes");
  assert.deepEqual(await numbersOf(db, "h100"), { is_seen: false, ...NOTHING });
  // it looks again
  await writeNodes(db, [seen("one")]);
  assert.deepEqual(await numbersOf(db, "h100"), known);
});

test("a cluster that has lost its last node is known to have none, as long as somebody looks", async () => {
  const db = await fresh();
  await writeNodes(db, [seen("one")]);
  await writeNodes(db, []);
  await passes(db, "4 minutes");
  assert.deepEqual(await numbersOf(db, "h100"), { is_seen: true, ...NOTHING });
  await passes(db, "2 minutes");
  assert.equal((await capacityOf(db, "h100")).is_seen, false);
  // a processor of the version before
  await see(db, { two: { type: "h100", gpus: 8 } });
  assert.equal((await capacityOf(db, "h100")).is_seen, true);
});

test("a pod that nobody has booked has its part of the node, until it is booked or gone", async () => {
  const db = await fresh();
  const userId = await addUser(db);
  await writeNodes(db, [seen("one"), seen("two")]);
  await insertJob(db, aJob(userId, "capacity-0002"));
  await db.query("UPDATE reservations SET status = 'preparing'");
  const pod = {
    reservationId: "capacity-0002",
    generation: 3,
    nodeName: "one",
    gpus: 3,
    cpuMillis: 1000,
    memoryMib: 1000,
    slots: 0,
  };
  const numbers = async () => {
    const { available, in_use } = await capacityOf(db, "h100");
    return [available, in_use];
  };
  await writeUnbookedAmounts(db, [pod]);
  assert.deepEqual(await numbers(), [13, 3]);
  await book(db, 3, "one", 3);
  await writeUnbookedAmounts(db, [pod]);
  assert.deepEqual(await numbers(), [13, 3]);
  await writeUnbookedAmounts(db, [pod, { ...pod, generation: 4, nodeName: "two", gpus: 5 }]);
  assert.deepEqual(await numbers(), [8, 8]);
  await writeUnbookedAmounts(db, []);
  assert.deepEqual(await numbers(), [13, 3]);
});

const seen = (name: string): SeenNode => ({
  name,
  uid: name,
  gpuType: "h100",
  gpus: 8,
  cpuMillis: 96_000,
  memoryMib: 1_000_000,
  slots: 0,
  isReady: true,
  isSchedulable: true,
  address: null,
});

const passes = async (db: Queryable, time: string): Promise<void> => {
  await db.query(`UPDATE nodes SET seen_at = seen_at - interval '${time}'`);
  await db.query(`UPDATE duties SET finished_at = finished_at - interval '${time}'`);
};

test("quotas are one row a subject and type, and are found with what a user holds", async () => {
  const db = await fresh();
  const alice = await addUser(db);
  await addUser(db, "bob");
  await insertJob(db, { ...aJob(alice, "alice-0001"), gpuCount: 4 });
  const limits = { max_gpus: 8, max_jobs: null, max_hours: null, max_disks: null };
  const nobody = { userId: null, awsRole: null, gpuType: null };
  const role = { ...nobody, awsRole: "SSOCloudDevGpuReservation", gpuType: "h100" };
  await setQuota(db, { ...nobody, ...limits, setBy: "root" });
  await setQuota(db, { ...nobody, ...limits, max_gpus: 2, setBy: "root" });
  await setQuota(db, { ...role, ...limits, max_jobs: 3, setBy: "root" });
  await setQuota(db, { ...role, awsRole: "Another", ...limits, setBy: "root" });
  await setQuota(db, { ...nobody, userId: alice, ...limits, max_disks: 1, setBy: "root" });
  const { quotas, by_type, disks } = await readHoldings(db, alice);
  assert.deepEqual(quotas.map(({ max_gpus, max_jobs }) => [max_gpus, max_jobs]).sort(), [
    [2, null],
    [8, null],
    [8, 3],
  ]);
  assert.deepEqual({ by_type, disks }, { by_type: { h100: { gpus: 4, jobs: 1 } }, disks: 0 });
  assert.deepEqual(
    (await listQuotas(db)).map(({ username, aws_role }) => username ?? aws_role),
    ["alice", "Another", "SSOCloudDevGpuReservation", null],
  );
  assert.equal(await deleteQuota(db, role), true);
  assert.equal(await deleteQuota(db, role), false);
  for (const wrong of [
    { ...role, userId: alice, ...limits },
    { ...role, ...limits, max_disks: 1 },
    { ...nobody, ...limits, max_gpus: null },
    { ...nobody, userId: 999, ...limits },
    { ...nobody, gpuType: "none", ...limits },
  ]) {
    await assert.rejects(setQuota(db, { ...wrong, setBy: "root" }), { name: "StoreError" });
  }
});

test("a type or a node is closed once, with its last reason", async () => {
  const db = await fresh();
  await setCordon(db, { gpuType: "h100", reason: "firmware", setBy: "root" });
  await setCordon(db, { gpuType: "h100", reason: "new firmware", setBy: "root" });
  await setCordon(db, { nodeName: "n1", reason: "smoke", setBy: "root" });
  assert.deepEqual(
    (await listCordons(db)).map(({ gpu_type, node_name, reason }) => [
      gpu_type ?? node_name,
      reason,
    ]),
    [
      ["h100", "new firmware"],
      ["n1", "smoke"],
    ],
  );
  assert.equal(await liftCordon(db, { nodeName: "n2" }), false);
  assert.equal(await liftCordon(db, { nodeName: "n1" }), true);
  assert.equal((await listCordons(db)).length, 1);
});
