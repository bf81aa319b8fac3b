/** Many jobs, given out by two processors: no node is over its size, no large job waits beside a free node, order is kept. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterTypeRow, Queryable, Store } from "@airlock/jobs-store";
import type { Pod } from "../src/cluster/index.ts";
import { amountOf } from "../src/placement/quantity.ts";
import { type PlayedCluster, playCluster } from "./played-cluster.ts";
import { scaled } from "./scaled.ts";
import { openWorld, startPostgres, type World, work } from "./world.ts";

const postgres = await startPostgres();
after(() => postgres.stop());

const GPUS_PER_NODE = 8;
const CPU_NODE_SLOTS = 3;
/** GPUs of one job after the other; 0 is one without. */
const WISHES = [1, 8, 2, 0, 3, 1, 4, 8, 5, 0, 1, 6, 2, 7, 1, 8] as const;
const GPU = "nvidia.com/gpu";

/** Changes what a processor reads of the database. */
type Plant = (text: string, rows: readonly object[]) => readonly object[];

interface Crowd {
  readonly jobs: number;
  /** Those with GPUs; two without are beside them. */
  readonly nodes: number;
  readonly plant?: Plant;
}

/** Runs all of them to their end, or until something is wrong. @returns what is. */
async function runCrowd({ jobs, nodes, plant = (_, rows) => rows }: Crowd): Promise<string[]> {
  const world = await openWorld(postgres);
  const cluster = playCluster();
  const wrong = new Set<string>();
  for (let index = 0; index < nodes; index++) cluster.addNode(`n${index}`, { gpus: GPUS_PER_NODE });
  for (const name of ["c0", "c1"]) {
    cluster.addNode(name, { gpus: 0, labels: { GpuType: "cpu-x86" } });
  }
  weighEachPod(cluster, wrong);
  for (let index = 0; index < jobs; index++) {
    const gpus = WISHES[index % WISHES.length] ?? 1;
    await world.submit({ command: "true", gpus, gpuType: gpus === 0 ? "cpu-x86" : "h100" });
  }
  const store = planted(world.store, plant);
  const processors = [work({ ...world, store }, cluster), work({ ...world, store }, cluster)];
  try {
    while (wrong.size === 0 && (await count(world, "cleaned_at IS NULL")) > 0) {
      for (const words of await settle(world, cluster)) wrong.add(words);
      endSome(cluster);
    }
    for (const words of await overtaken(world)) wrong.add(words);
  } finally {
    await Promise.all(processors.map((processor) => processor.stop()));
    await world.store.close();
  }
  return [...wrong];
}

/** By what the cluster itself has, whatever is booked. */
function weighEachPod(cluster: PlayedCluster, wrong: Set<string>): void {
  const { create } = cluster;
  cluster.create = (async (...args: Parameters<typeof create>) => {
    const made = await create(...args);
    for (const [node, pods] of Map.groupBy(cluster.pods.values(), ({ spec }) => spec.nodeName)) {
      const of = (name: string) =>
        pods.reduce((sum, pod) => sum + amountOf(pod.spec.containers[0]?.requests[name]), 0);
      if (of(GPU) > GPUS_PER_NODE) wrong.add(`${of(GPU)} GPUs on ${node}`);
      if (of("cpu") > 96) wrong.add(`${of("cpu")} CPUs on ${node}`);
      if (of("memory") > 1000 * 2 ** 30) wrong.add(`${of("memory")} bytes on ${node}`);
      if (node.startsWith("c") && pods.length > CPU_NODE_SLOTS)
        wrong.add(`${pods.length} on ${node}`);
    }
    return made;
  }) as typeof create;
}

const count = async ({ store }: World, where: string): Promise<number> => {
  const sql = `SELECT count(*)::integer AS count FROM reservations WHERE ${where}`;
  return (await store.pool.query<{ count: number }>(sql)).rows[0]?.count ?? 0;
};

/** Longer than any period of theirs: what is not done by then, though nobody is busy, is not done. */
const IDLE_MS = 7000;
const BUSY_MS = 60_000;

/** Waits until nobody has anything to do. @returns what ought to be done and is not. */
async function settle(world: World, cluster: PlayedCluster): Promise<string[]> {
  const startedMs = performance.now();
  let busyMs = startedMs;
  for (;;) {
    const ending = "status = 'preparing' OR (wanted = 'end' AND cleaned_at IS NULL)";
    const isBusy = (await count(world, ending)) > 0 || running(cluster).length < cluster.pods.size;
    const idle = await idleBesideLargeJobs(world);
    if (!isBusy && idle.length === 0) return [];
    const nowMs = performance.now();
    if (isBusy) busyMs = nowMs;
    if (nowMs - busyMs > IDLE_MS) return idle;
    if (nowMs - startedMs > BUSY_MS) return ["there is no end of it"];
    await sleep(5);
  }
}

async function idleBesideLargeJobs({ store }: World): Promise<string[]> {
  const { rows } = await store.pool.query<{ words: string }>(
    `SELECT node_name || ' is free while ' || reservation_id || ' waits' AS words
     FROM nodes JOIN reservations USING (gpu_type)
     WHERE status = 'queued' AND gpu_count = $1 AND NOT EXISTS (
       SELECT FROM job_pods WHERE job_pods.node_name = nodes.node_name AND released_at IS NULL)`,
    [GPUS_PER_NODE],
  );
  return rows.map(({ words }) => words);
}

/** Jobs that wanted no more than a later one, and got it after that one. The writer's number orders: now() does not. */
async function overtaken({ store }: World): Promise<string[]> {
  const { rows } = await store.pool.query<{ words: string }>(
    `WITH placed AS (
       SELECT reservation_id AS id, gpu_type, gpu_count, created_at, job_events.xmin::text::bigint AS turn
       FROM job_events JOIN reservations USING (reservation_id) WHERE kind = 'placed')
     SELECT later.id || ' came before ' || first.id AS words FROM placed first JOIN placed later
     ON later.gpu_type = first.gpu_type AND later.gpu_count >= first.gpu_count
       AND (later.created_at, later.id) > (first.created_at, first.id) AND later.turn < first.turn`,
  );
  return rows.map(({ words }) => words);
}

const running = (cluster: PlayedCluster): Pod[] =>
  [...cluster.pods.values()].filter(({ status }) => status.phase === "Running");

/** Every second one that runs. */
function endSome(cluster: PlayedCluster): void {
  const state = { terminated: { exitCode: 0, signal: 0, reason: "Completed", message: "" } };
  const all = running(cluster);
  for (const { metadata } of all.filter((_, index) => index % 2 === 0)) {
    cluster.change(metadata.name, (pod) => ({
      ...pod,
      status: {
        ...pod.status,
        phase: "Succeeded",
        containerStatuses: pod.status.containerStatuses.map((one) => ({
          ...one,
          ready: false,
          state,
        })),
      },
    }));
  }
}

function planted(store: Store, plant: Plant): Store {
  const reading = (db: Queryable): Queryable => ({
    query: (async (text: string, values?: unknown[]) => {
      const result = await db.query(text, values);
      return { ...result, rows: plant(text, result.rows) };
    }) as Queryable["query"],
  });
  return {
    ...store,
    pool: reading(store.pool),
    transaction: (work) =>
      store.transaction((transaction) => work({ ...transaction, ...reading(transaction) })),
  };
}

const SIZE = scaled({ jobs: 40, nodes: 3 }, { jobs: 500, nodes: 16 });

test("jobs of 0 to 8 GPUs, by two processors", async (t) => {
  assert.deepEqual(await runCrowd(SIZE), []);
  t.diagnostic(JSON.stringify(SIZE));
});

describe("found out is a processor that", () => {
  const few = { jobs: 48, nodes: 3 };
  /** @param change what it reads of a type of machine. */
  const reading =
    (change: (row: ClusterTypeRow) => Partial<ClusterTypeRow>): Plant =>
    (text, rows) =>
      text.includes("AS bookings")
        ? (rows as readonly ClusterTypeRow[]).map((row) => ({ ...row, ...change(row) }))
        : rows;

  test("does not see what is booked", async () => {
    const plant = reading(() => ({ bookings: [] }));
    assert.match((await runCrowd({ ...few, plant })).join(), /\d+ GPUs on n\d/);
  });

  test("never gives a whole node", async () => {
    const plant = reading(({ waiting }) => ({
      waiting: waiting.filter(({ gpu_count }) => gpu_count < GPUS_PER_NODE),
    }));
    assert.match((await runCrowd({ ...few, plant })).join(), /n\d is free while job-\S+ waits/);
  });

  test("begins with who came last", async () => {
    const plant = reading(({ waiting }) => ({
      waiting: waiting.map((job) => ({ ...job, created_at_ms: -job.created_at_ms })),
    }));
    assert.match((await runCrowd({ ...few, plant })).join(), /came before/);
  });
});
