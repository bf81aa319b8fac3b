/** What users are told is free, and what placement then gives them, on one database: never two answers. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  type Queryable,
  type SeenNode,
  shareOf,
  writeNodes,
  writeUnbookedAmounts,
} from "@airlock/jobs-store";
import type { OwnPod } from "../src/placement/own-pods.ts";
import { placeType } from "../src/placement/place-type.ts";
import { createPromises } from "../src/placement/promises.ts";
import { FIFO, openWorld, readAvailability, startPostgres } from "./world.ts";

const postgres = await startPostgres();
const { store, submit } = await openWorld(postgres);
after(async () => {
  await store.close();
  await postgres.stop();
});

const TYPE = "h100";
const sizeOf = (gpus: number) => ({ gpus, cpuMillis: 96_000, memoryMib: 1_000_000, slots: 0 });

/** Mulberry32: the same numbers for the same seed. */
function picker(seed: number): (from: number, to: number) => number {
  let state = seed;
  return (from, to) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return from + Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * (to - from + 1));
  };
}

/** Nodes that are open or closed, with jobs and others' pods on them, and jobs that wait. */
async function generate(seed: number): Promise<readonly OwnPod[]> {
  const pick = picker(seed);
  await store.pool.query("TRUNCATE reservations, job_events, job_pods, nodes CASCADE");
  const nodes = Array.from(
    { length: pick(1, 4) },
    (_, index): SeenNode => ({
      ...sizeOf(pick(2, 8)),
      name: `n${index}`,
      uid: `n${index}`,
      gpuType: TYPE,
      isReady: pick(1, 3) > 1,
      isSchedulable: pick(1, 8) > 1,
      address: null,
    }),
  );
  await writeNodes(store.pool, nodes);
  const pods: OwnPod[] = [];
  for (const { name, gpus } of nodes) {
    const amount = shareOf(sizeOf(gpus), pick(1, 2));
    if (pick(1, 3) === 1) await hold(await submit(), name, amount);
    if (pick(1, 6) === 1) {
      pods.push({ jobId: `unknown-${name}`, generation: 1, uid: name, nodeName: name, amount });
    }
  }
  for (let count = pick(0, 6); count > 0; count--) {
    const jobId = await submit({ gpus: pick(1, 8) });
    if (pick(1, 4) === 1) await wantDisk(jobId);
  }
  const written = pods.map(({ jobId, amount, ...pod }) => ({
    ...pod,
    reservationId: jobId,
    ...amount,
  }));
  await writeUnbookedAmounts(store.pool, written);
  return pods;
}

/** One whose volume is not made yet. */
const wantDisk = (jobId: string) =>
  store.pool.query(
    `WITH disk AS (
       INSERT INTO disks (user_id, disk_name, size_gb)
       SELECT user_id, reservation_id, 10 FROM reservations WHERE reservation_id = $1
       RETURNING disk_id, disk_name
     )
     UPDATE reservations SET disk_id = disk.disk_id, disk_name = disk.disk_name
     FROM disk WHERE reservation_id = $1`,
    [jobId],
  );

async function hold(jobId: string, node: string, amount: ReturnType<typeof shareOf>) {
  const { gpus, cpuMillis, memoryMib } = amount;
  await store.pool.query("UPDATE reservations SET status = 'preparing' WHERE reservation_id = $1", [
    jobId,
  ]);
  await store.pool.query(
    `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus, cpu_millis, memory_mib)
     VALUES ($1, 1, 0, $1, $2, $3, $4, $5)`,
    [jobId, node, gpus, cpuMillis, memoryMib],
  );
}

async function tellFrom(db: Queryable) {
  const told = (await readAvailability(db)).find(({ gpu_type }) => gpu_type === TYPE);
  if (told === undefined) throw new Error(`no ${TYPE}`);
  return told;
}

/** Asks, places, and says what turned out otherwise. */
async function wrongOf(seed: number, asked: Queryable): Promise<string[]> {
  const pods = await generate(seed);
  const deps = { store, namespace: "gpu-dev", ownPods: () => pods, rules: FIFO };
  const wrong: string[] = [];
  const told = await tellFrom(asked);
  await placeType(deps, TYPE);
  const { rows } = await store.pool.query<{ in_use: number; queued: number }>(
    `SELECT (SELECT coalesce(sum(gpus), 0)::integer FROM job_pods) AS in_use,
       (SELECT coalesce(sum(gpu_count), 0)::integer FROM reservations WHERE status = 'queued') AS queued`,
  );
  const strays = pods.reduce((sum, { amount }) => sum + amount.gpus, 0);
  const found = { in_use: (rows[0]?.in_use ?? 0) + strays, queued: rows[0]?.queued };
  if (told.in_use !== found.in_use) wrong.push(`in use: ${told.in_use}, ${found.in_use}`);
  if (told.queued !== found.queued) wrong.push(`queued: ${told.queued}, ${found.queued}`);
  // and somebody who asks now and then submits
  const { available, max_per_node } = await tellFrom(asked);
  const small = await submit({ gpus: 1 });
  const large = await submit({ gpus: max_per_node + 1 });
  await placeType(deps, TYPE);
  const outcome = async (id: string) =>
    (
      await store.pool.query<{ status: string; words: string }>(
        "SELECT status, current_detailed_status AS words FROM reservations WHERE reservation_id = $1",
        [id],
      )
    ).rows[0];
  const one = await outcome(small);
  if ((one?.status === "preparing") !== available > 0) {
    wrong.push(`available: ${available}, one more is ${one?.status}`);
  }
  const words = (await outcome(large))?.words ?? "";
  if (!/there is no|no h100 node takes|no node at present has more/.test(words)) {
    wrong.push(`max_per_node: ${max_per_node}, one more: ${words}`);
  }
  return wrong.map((text) => `seed ${seed}: ${text}`);
}

const SEEDS = 25;

test("whoever asks what is free is told what placement then does", async () => {
  const wrong: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) wrong.push(...(await wrongOf(seed, store.pool)));
  assert.deepEqual(wrong, []);
});

for (const [name, from, to] of [
  [
    "who came first",
    "1000 * extract(epoch FROM job.created_at)",
    "-1000 * extract(epoch FROM job.created_at)",
  ],
  ["nodes that take nobody", "is_ready, is_schedulable", "true AS is_ready, is_schedulable"],
  ["who waits for a disk", "disks.disk_id, disks.disk_name", "NULL AS disk_id, disks.disk_name"],
  ["pods that nobody booked", "unbooked_gpus, unbooked", "0 AS unbooked_gpus, unbooked"],
  ["what is booked", "released_at IS NULL", "released_at IS NOT NULL"],
] as const) {
  test(`planted: an answer that forgets ${name} is found out`, async () => {
    const asked: Queryable = {
      query(text, values) {
        assert.ok(text.includes(from), "the fault is planted");
        return store.pool.query(text.replaceAll(from, to), values);
      },
    };
    let seed = 1;
    while ((await wrongOf(seed, asked)).length === 0) assert.ok(seed++ < SEEDS);
  });
}

test("the first start that a job is told is written down once, for jobs that stand in line", async () => {
  await store.pool.query("TRUNCATE reservations, job_events, job_pods, nodes CASCADE");
  const node = { uid: "u", gpuType: TYPE, isReady: true, isSchedulable: true, address: null };
  await writeNodes(store.pool, [{ ...sizeOf(2), ...node, name: "n0" }]);
  await hold(await submit(), "n0", shareOf(sizeOf(2), 2));
  const [waits, large] = [await submit({ gpus: 2 }), await submit({ gpus: 8 })];
  const promise = createPromises({ store, rules: FIFO });
  const deps = { store, namespace: "gpu-dev", ownPods: () => [], rules: FIFO };
  const told = async (jobId: string) => {
    const { rows } = await store.pool.query<{ p50: Date | null; p90: Date | null }>(
      "SELECT promised_p50_at AS p50, promised_p90_at AS p90 FROM reservations WHERE reservation_id = $1",
      [jobId],
    );
    return rows[0];
  };
  for (let round = 0; round < 2; round++) {
    const view = (await placeType(deps, TYPE))?.view;
    assert.ok(view);
    const before = await told(waits);
    await promise(view);
    const now = await told(waits);
    assert.ok(now?.p50 && now.p90 && now.p90 >= now.p50 && now.p50.getTime() > Date.now());
    if (round > 0) assert.deepEqual(now, before);
  }
  assert.deepEqual(await told(large), { p50: null, p90: null });
});
