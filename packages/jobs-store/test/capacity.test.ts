/** GPU types by file and capacity by nodes, on a real Postgres. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyGpuTypes,
  findGpuTypes,
  type GpuType,
  insertJob,
  type Queryable,
  readCapacity,
} from "../src/index.ts";
import { addUser, aJob, migrateUrl, openStore, startCluster } from "./harness.ts";

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

const capacityOf = async (db: Queryable, type: string) =>
  (await readCapacity(db)).find((row) => row.gpu_type === type);

test("without a file the ten types are there, and nobody knows how many of them", async () => {
  const db = await fresh();
  const rows = await readCapacity(db);
  assert.equal(rows.length, 10);
  for (const row of rows) {
    assert.deepEqual([row.is_known, row.total, row.free], [false, 0, 0], row.gpu_type);
    assert.deepEqual(row.instance_types, [row.instance_type]);
  }
  assert.equal((await capacityOf(db, "cpu-x86"))?.max_per_node, 3);
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
  assert.deepEqual(
    (await readCapacity(db)).map((row) => row.gpu_type),
    ["cpu", "h100"],
  );
  assert.deepEqual(await findGpuTypes(db, { gpuType: "t4" }), []);
  const [h100] = await findGpuTypes(db, { instanceType: "p5en.48xlarge" });
  assert.equal(h100?.gpu_type, "h100");
  await applyGpuTypes(db, [{ ...H100, gpuType: "t4", instanceTypes: ["g4dn.12xlarge"], gpus: 4 }]);
  assert.deepEqual(
    (await readCapacity(db)).map((row) => row.gpu_type),
    ["t4"],
  );
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
  assert.deepEqual(
    (await readCapacity(pool)).map((row) => row.gpu_type),
    ["h100"],
  );
  await migrateUrl(url);
  assert.deepEqual(
    (await readCapacity(pool)).map((row) => row.gpu_type),
    ["h100"],
  );
});

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
  const book = `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus, slots, released_at)
    VALUES ('capacity-0002', $1::integer, 0, 'pod-' || $1::integer, $2, $3, $4, CASE WHEN $5::boolean THEN now() END)`;
  await db.query(book, [1, "one", 8, 0, true]);
  await db.query(book, [2, "one", 2, 0, false]);
  await db.query(book, [3, "cpu", 0, 1, false]);
  const h100 = await capacityOf(db, "h100");
  assert.deepEqual([h100?.is_known, h100?.total, h100?.free], [true, 24, 11]);
  const cpu = await capacityOf(db, "cpu-x86");
  assert.deepEqual([cpu?.is_known, cpu?.total, cpu?.free], [true, 3, 2]);
  // somebody has looked, and there is none
  const a100 = await capacityOf(db, "a100");
  assert.deepEqual([a100?.is_known, a100?.total, a100?.free], [true, 0, 0]);
});
