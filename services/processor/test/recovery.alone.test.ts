/** What the database and the cluster disagree about, as after a backup was restored or a processor came too late. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { beginDeletion, listStrays, unwantStray, upsertUser } from "@airlock/jobs-store";
import { eraseUsers } from "../src/duties/erase-users.ts";
import { sweepOrphans } from "../src/duties/sweep-orphans.ts";
import { podManifest } from "../src/pod/pod-manifest.ts";
import { playCluster } from "./played-cluster.ts";
import {
  openWorld,
  QUEUE,
  readAvailability,
  rules,
  silent,
  startPostgres,
  withProcessorsRights,
  work,
} from "./world.ts";

const postgres = await startPostgres();
after(() => postgres.stop());

const manifestOf = (jobId: string, generation: number, nodeName = "n2") =>
  podManifest(
    {
      jobId,
      generation,
      podName: `gpu-dev-${jobId}`,
      nodeName,
      image: "stay",
      owner: "alice",
      name: null,
      hasCommand: false,
      keep: false,
      gpus: 1,
      resourceName: "nvidia.com/gpu",
      cpuMillis: 1000,
      memoryMib: 1000,
      homeClaim: null,
    },
    rules,
  );

async function open() {
  const world = await openWorld(postgres);
  const cluster = playCluster();
  cluster.addNode("n1", {});
  cluster.addNode("n2", {});
  return { world, cluster };
}

test("a database older than the cluster starts nothing twice: the pod that is there is the job's", async () => {
  const { world, cluster } = await open();
  const jobId = await world.submit();
  await cluster.create("pods", manifestOf(jobId, 1));
  const processor = work(world, cluster);
  await world.until(jobId, "active");
  const { rows } = await world.store.pool.query<{ node_name: string; generation: number }>(
    "SELECT node_name, generation FROM job_pods",
  );
  assert.deepEqual(rows, [{ node_name: "n2", generation: 1 }], "booked where it really is");
  assert.equal(cluster.created.filter(({ kind }) => kind === "pods").length, 1);
  await processor.stop();
  await world.store.close();
});

test("what went wrong with orders, and nodes that went, are forgotten a week after, and not before", async () => {
  const { world, cluster } = await open();
  const { pool } = world.store;
  const runs = await world.submit();
  await pool.query(
    `INSERT INTO nodes (node_name, gpu_type, gone_at) VALUES ('old', 'h100', now() - interval '8 days'),
       ('booked', 'h100', now() - interval '8 days'), ('recent', 'h100', now() - interval '6 days')`,
  );
  await pool.query(
    `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus)
     VALUES ($1, 9, 0, 'other', 'booked', 1)`,
    [runs],
  );
  await pool.query(
    `INSERT INTO order_faults (queue, msg_id, last_fault, last_at)
     VALUES ('gpu_reservations', 1, 'none', now() - interval '8 days'), ('gpu_reservations', 2, 'none', now() - interval '6 days')`,
  );
  const processor = work(world, cluster);
  const left = async () =>
    (await pool.query<{ msg_id: string }>("SELECT msg_id::text FROM order_faults")).rows;
  const deadline = Date.now() + 10_000;
  while ((await left()).length > 1 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(await left(), [{ msg_id: "2" }]);
  const gone = async () =>
    (await pool.query("SELECT node_name AS name FROM nodes WHERE gone_at IS NOT NULL ORDER BY 1"))
      .rows;
  while ((await gone()).length > 2 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(await gone(), [{ name: "booked" }, { name: "recent" }]);
  await processor.stop();
  await world.store.close();
});

test("a pod of a job that this database does not know is left alone, and has its part of its node", async () => {
  const { world, cluster } = await open();
  for (const node of ["n1", "n2"]) {
    await cluster.create("pods", manifestOf(`unknown-${node}-0001`, 1, node));
  }
  let unknown = 0;
  const processor = work(world, cluster, { onSweep: (swept) => (unknown = swept.unknown) });
  const jobId = await world.submit({ gpus: 8 });
  for (
    let tries = 0;
    !/first in line/.test((await world.job(jobId)).current_detailed_status ?? "");
    tries++
  ) {
    assert.ok(tries < 300, JSON.stringify(await world.job(jobId)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const told = async () =>
    (await readAvailability(world.store.pool)).find(({ gpu_type }) => gpu_type === "h100");
  for (let tries = 0; (await told())?.in_use !== 2; tries++) {
    assert.ok(tries < 300, JSON.stringify(await told()));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal((await told())?.available, 7, "the other node is the first one's");
  await processor.stop();
  assert.equal(unknown, 2);
  assert.equal(cluster.pods.size, 2);
  await world.store.close();
});

test("pods that their jobs have done with are swept, those that they have are not", async () => {
  const { world, cluster } = await open();
  const processor = work(world, cluster);
  const [over, runs] = [
    await world.submit({ image: "exit:0", command: "x" }),
    await world.submit(),
  ];
  await world.until(over, "completed");
  await world.until(runs, "active");
  await processor.stop();
  // of a processor that was stopped in front of its call, and went on when all was over
  await cluster.create("pods", manifestOf(over, 1));
  await cluster.create("pods", {
    ...manifestOf(runs, 0),
    metadata: { ...manifestOf(runs, 0).metadata, name: "an-older-generation" },
  });
  const swept = await sweepOrphans({ store: world.store, cluster, log: silent });
  assert.deepEqual(swept, { removed: 2, unknown: 0 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([...cluster.pods.keys()], [`gpu-dev-${runs}`]);
  await world.store.close();
});

test("what was found without a job is told; one of an unknown job goes when an operator says so", async () => {
  const { world, cluster } = await open();
  const { pool } = world.store;
  await cluster.create("pods", manifestOf("never-heard-of-it", 1));
  const own = { store: world.store, cluster, log: silent };
  const told = async () =>
    (await listStrays(pool)).map(({ reservation_id, kind, removed_at }) => [
      ...[reservation_id, kind, removed_at !== null],
    ]);
  assert.deepEqual(await sweepOrphans(own), { removed: 0, unknown: 1 });
  assert.deepEqual(await sweepOrphans(own), { removed: 0, unknown: 1 });
  assert.deepEqual(await told(), [["never-heard-of-it", "unknown", false]]);
  assert.equal(await unwantStray(pool, "somebody-elses"), false);
  assert.equal(await unwantStray(pool, "gpu-dev-never-heard-of-it"), true);
  assert.deepEqual(await sweepOrphans(own), { removed: 1, unknown: 0 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(cluster.pods.size, 0);
  await sweepOrphans(own);
  assert.deepEqual(await told(), [["never-heard-of-it", "unknown", true]]);
  // one that ended by itself is no news any more
  await cluster.create("pods", manifestOf("never-heard-of-it-either", 1));
  await sweepOrphans(own);
  for (const { metadata } of [...cluster.pods.values()]) {
    await cluster.remove("pods", metadata.name, metadata.uid);
  }
  await new Promise((resolve) => setImmediate(resolve));
  await sweepOrphans(own);
  assert.deepEqual(await told(), [["never-heard-of-it", "unknown", true]]);
  await world.store.close();
});

test("a deleted user is erased as jobs and disks end, whoever dies in between, and others are not", async () => {
  const { world, cluster } = await open();
  const { pool } = world.store;
  const own = await withProcessorsRights(world);
  const processor = work(world, cluster);
  const [runs, over] = [
    await world.submit({ disk: "data" }),
    await world.submit({ image: "exit:0", command: "x" }),
  ];
  await world.until(runs, "active");
  await world.until(over, "completed");
  const other = await upsertUser(pool, {
    ...{ account: "111122223333", role: "R", sessionName: "bob", username: "bob" },
  });
  await pool.query("INSERT INTO disks (user_id, disk_name, size_gb) VALUES ($1, 'kept', 1)", [
    other.user_id,
  ]);
  const left = async (table: string) =>
    (await pool.query(`SELECT FROM ${table} WHERE user_id = $1`, [world.userId])).rows.length;
  const erase = () => eraseUsers({ store: own.store, queue: QUEUE, log: silent });
  assert.equal(await erase(), 0);
  assert.equal(await left("reservations"), 2, "nobody asked for it");
  await beginDeletion(pool, world.userId);
  const isOver = async () => {
    const sql = "SELECT FROM api_users WHERE user_id = $1 AND deleted_at IS NOT NULL";
    return (await pool.query(sql, [world.userId])).rows.length === 1;
  };
  for (let tries = 0; !(await isOver()); tries++) {
    await erase();
    assert.ok(
      tries < 1000,
      `${await left("reservations")} jobs, ${await left("disks")} disks left`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await processor.stop();
  assert.equal(cluster.pods.size, 0);
  assert.equal(await erase(), 0);
  for (const table of ["reservations", "disks", "api_keys"]) assert.equal(await left(table), 0);
  const { rows: events } = await pool.query("SELECT FROM job_events");
  assert.equal(events.length, 0);
  const users = await pool.query<{ username: string; is_active: boolean; is_deleted: boolean }>(
    "SELECT username, is_active, deleted_at IS NOT NULL AS is_deleted FROM api_users ORDER BY 1",
  );
  assert.deepEqual(
    users.rows.map(({ username, is_active, is_deleted }) => [username, is_active, is_deleted]),
    [
      ["alice", false, true],
      ["bob", true, false],
    ],
  );
  await own.store.close();
  await world.store.close();
});

test("without its orders a job runs all the same: a purged queue loses nothing", async () => {
  const { world, cluster } = await open();
  const jobId = await world.submit({ image: "exit:0", command: "x" });
  await world.store.pool.query("SELECT pgmq.purge_queue('gpu_reservations')");
  const processor = work(world, cluster);
  await world.until(jobId, "completed");
  await processor.stop();
  await world.store.close();
});

test("two replicas, many jobs: no node is ever over its size, and each job runs once", async () => {
  const { world, cluster } = await open();
  cluster.addNode("c1", { gpus: 0, labels: { GpuType: "cpu-x86" } });
  const sizes = [8, 1, 2, 4, 1, 8, 2, 1, 4, 8, 1, 1];
  const ids: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (const gpus of sizes) ids.push(await world.submit({ gpus, image: "exit:0", command: "x" }));
    ids.push(await world.submit({ gpus: 0, gpuType: "cpu-x86", image: "exit:0", command: "x" }));
  }
  const processors = [work(world, cluster), work(world, cluster)];
  const left = async () => {
    const sql = "SELECT count(*)::integer AS left FROM reservations WHERE cleaned_at IS NULL";
    return (await world.store.pool.query<{ left: number }>(sql)).rows[0]?.left;
  };
  const over = `
    SELECT node_name FROM job_pods JOIN nodes USING (node_name) WHERE released_at IS NULL
    GROUP BY node_name, nodes.gpus, nodes.slots, nodes.cpu_millis, nodes.memory_mib
    HAVING sum(job_pods.gpus) > nodes.gpus OR sum(job_pods.slots) > nodes.slots
      OR sum(job_pods.cpu_millis) > nodes.cpu_millis OR sum(job_pods.memory_mib) > nodes.memory_mib`;
  for (let tries = 0; (await left()) !== 0; tries++) {
    assert.ok(tries < 2000, `${await left()} are left`);
    assert.deepEqual((await world.store.pool.query(over)).rows, []);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await Promise.all(processors.map((processor) => processor.stop()));
  for (const id of ids) assert.equal((await world.job(id)).status, "completed");
  assert.equal(cluster.created.filter(({ kind }) => kind === "pods").length, ids.length);
  assert.equal(cluster.pods.size + cluster.secrets.size, 0);
  await world.store.close();
});
