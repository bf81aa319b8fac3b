/** Processors are killed at any moment of the lives of disks: nothing that was written is lost, and nothing is written by two. */
import { createHash } from "node:crypto";
import { type DiskFiles, type DiskHands, diskHands } from "../rig/disk-hands.ts";
import { startPlayedCluster } from "../rig/jobs-cluster.ts";
import { processorTrouble } from "../rig/processor-trouble.ts";
import { type ProcessorsRig, startProcessors } from "../rig/processors.ts";
import { sleep, until } from "../rig/waiting.ts";
import { duration, type Scenario, type SizeName } from "../scenario.ts";

interface Size {
  readonly disks: number;
  readonly kills: number;
  readonly naps: number;
  /** Lives that go on at once. */
  readonly atOnce: number;
}

const SIZES: Readonly<Record<SizeName, Size>> = {
  test: { disks: 3, kills: 4, naps: 1, atOnce: 3 },
  soak: { disks: 200, kills: 300, naps: 60, atOnce: 12 },
};
const REPLICAS = 2;
const LEASE_SECONDS = 2;
const TROUBLE = { replicas: REPLICAS, napMs: 3000, lifeMs: 2500 };
const TAIL_MS = 300_000;
const LOOK_MS = 200;

export const diskKills: Scenario = {
  name: "disks",
  isSoakOnly: true,
  how: `two processors with a lease of ${LEASE_SECONDS} s, 200 disks, ${SIZES.soak.atOnce} lives at once: jobs that write files and fail unless they find what the one before wrote, by its SHA-256; a snapshot at each end, one that is asked for, a copy of the first snapshot and one of the disk as it is, growth, another name, deletion and its taking back, and the end of the copy; kill -9 300 times, SIGSTOP for ${TROUBLE.napMs / 1000} s 60 times, the API server taking 20 ms for each call and answering 1 % each with 429, with 500, late, or not at all`,
  async run(size, stage) {
    const { disks, kills, naps, atOnce } = SIZES[size];
    const cluster = await startPlayedCluster(stage, { nodes: 8 });
    const rig = await startProcessors(stage, cluster, LEASE_SECONDS);
    await cluster.setFaults([
      { fault: "slow", delayMs: 20 },
      { fault: "throttle", rate: 0.01, retryAfterSeconds: 1 },
      { fault: "error", rate: 0.01 },
      { fault: "lostAnswer", rate: 0.01 },
      { fault: "lateAnswer", rate: 0.01, delayMs: 1000 * LEASE_SECONDS + 500 },
      { fault: "lostRequest", rate: 0.01 },
    ]);
    const trouble = processorTrouble(stage, rig, { kills, naps, restarts: 0 }, TROUBLE);
    const hands = diskHands(rig, rig.userId);
    const broken: string[] = [];
    const startedMs = performance.now();
    let next = 0;
    const hand = async () => {
      for (let index = next++; index < disks; index = next++) {
        // lives go on for as long as there is trouble
        await until(
          "there is trouble for the next life",
          () => trouble.progress() >= index / disks,
          3_600_000,
          LOOK_MS,
        );
        await lifeOf(hands, index, broken).catch((error: Error) => broken.push(error.message));
        if (index % 20 === 0) stage.progress(`${index} lives begun, ${broken.length} broken`);
      }
    };
    const doubles = watchWriters(rig);
    await Promise.all([trouble.make(), ...Array.from({ length: atOnce }, hand)]);
    await cluster.setFaults([]);
    const isQuiet = async () => (await openOf(rig)).length === 0;
    const tailMs = await until("nothing is open", isQuiet, TAIL_MS, LOOK_MS).catch(() => TAIL_MS);
    const open = await openOf(rig);
    const { looks, found } = await doubles.end();
    const told = (all: readonly string[]) =>
      all.length === 0 ? "0" : `${all.length}: ${all.slice(0, 5).join("; ")}`;
    stage.check(
      "lives in which something was lost, or did not end as it should",
      "0",
      broken.length === 0,
      `${disks} disks`,
      told(broken),
    );
    stage.check(
      "disks with two pods at once",
      "0",
      found.length === 0,
      `${looks} looks`,
      told(found),
    );
    stage.check(
      "changes, snapshots and disks that have not come to an end",
      "0",
      open.length === 0,
      `${disks} disks`,
      told(open),
    );
    const miscounted = await miscounts(rig);
    stage.check(
      "disks that say something else than what is so",
      "0",
      miscounted.length === 0,
      `${disks} disks`,
      told(miscounted),
    );
    const stray = await strays(rig, cluster);
    stage.check(
      "claims, pods and snapshots of no disk",
      "0",
      stray.length === 0,
      `${disks} disks`,
      told(stray),
    );
    stage.note("time for all of it", `${disks} disks`, duration(performance.now() - startedMs));
    stage.note("time from the last trouble to the last end", `${disks} disks`, duration(tailMs));
  },
};

const words = (index: number, name: string) =>
  createHash("sha256").update(`${index} ${name}`).digest("hex");

/** All that may become of a disk. @param broken is told what should not have been. */
async function lifeOf(hands: DiskHands, index: number, broken: string[]): Promise<void> {
  const demand = (what: string, said: string, wanted = "completed") => {
    if (said !== wanted) broken.push(`disk ${index}: ${what}: ${said}`);
  };
  const first: DiskFiles = { a: words(index, "a") };
  const second: DiskFiles = { a: words(index, "a2"), b: words(index, "b") };
  const disk = await hands.make();
  const one = await hands.run(disk, {}, first);
  demand("the first job", one.status);
  const snapshot = hands.snapshotOf(disk, one.jobId);
  const two = await hands.run(disk, first, second);
  demand("the second job finds what the first one wrote", two.status);
  const before = await snapshot;
  demand("the snapshot of its end", before.state, "ready");
  const changes = [
    ["snapshot", {}],
    ["resize", { sizeGb: 20 }],
    ["rename", { sets: "disk_name = disk_name || '-2'" }],
    ["delete", { sets: "marked_deleted_at = now(), delete_date = current_date + 30" }],
    ["restore", { sets: "marked_deleted_at = NULL, delete_date = NULL" }],
  ] as const;
  for (const [action, more] of changes) demand(action, await hands.ask(disk, action, more));
  const source = { diskId: disk.diskId, snapshotId: before.snapshot_id };
  const [older, copy] = await Promise.all([
    hands.make(source),
    hands.make({ ...source, snapshotId: null }),
  ]);
  const [olderJob, copyJob, third] = await Promise.all([
    hands.run(older, first, { c: words(index, "c") }),
    hands.run(copy, second, {}),
    hands.run(disk, second, {}),
  ]);
  demand("a copy of the snapshot has what was there then", olderJob.status);
  demand("a copy of the disk has what is there", copyJob.status);
  demand("the disk has what it had", third.status);
  const ended = "marked_deleted_at = now() - interval '31 days', delete_date = current_date - 1";
  demand("the end of a copy", await hands.ask(older, "delete", { sets: ended }));
}

/** Pods that have the same disk at the same time, by what the database books. */
function watchWriters({ store }: ProcessorsRig) {
  const found: string[] = [];
  let [looks, isOver] = [0, false];
  const sql = `
    SELECT disk_id::text AS id FROM job_pods JOIN reservations USING (reservation_id)
    WHERE released_at IS NULL AND disk_id IS NOT NULL GROUP BY disk_id HAVING count(*) > 1`;
  const watching = (async () => {
    for (; !isOver; await sleep(LOOK_MS)) {
      const { rows } = await store.pool.query<{ id: string }>(sql);
      looks++;
      found.push(...rows.map(({ id }) => id));
    }
  })();
  return {
    async end() {
      isOver = true;
      await watching;
      return { looks, found };
    },
  };
}

const OPEN = `
SELECT action || ' ' || status AS what FROM disk_operations WHERE completed_at IS NULL
UNION ALL SELECT 'snapshot ' || state || ' ' || coalesce(content_state, '') FROM disk_snapshots
  WHERE state IN ('wanted', 'taking', 'deleting') OR content_state IN ('wanted', 'reading', 'clearing')
UNION ALL SELECT 'disk ' || state || coalesce(': ' || last_fault, '') FROM disks
  WHERE state IN ('wanted', 'copying', 'deleting') OR delete_date <= current_date AND state <> 'gone'`;

const openOf = async ({ store }: ProcessorsRig): Promise<string[]> =>
  (await store.pool.query<{ what: string }>(OPEN)).rows.map(({ what }) => what);

async function miscounts({ store }: ProcessorsRig): Promise<string[]> {
  const { rows } = await store.pool.query<{ id: string }>(
    `SELECT disk_id::text AS id FROM disks WHERE in_use OR is_backing_up OR snapshot_count <> (
       SELECT count(*) FROM disk_snapshots
       WHERE disk_snapshots.disk_id = disks.disk_id AND disk_snapshots.state = 'ready'
     ) OR (state <> 'gone' AND disk_size IS NULL)`,
  );
  return rows.map(({ id }) => id);
}

/** What is left in the cluster beside the volumes of disks that are there, and their snapshots. */
async function strays(
  { store }: ProcessorsRig,
  cluster: Awaited<ReturnType<typeof startPlayedCluster>>,
): Promise<string[]> {
  const { rows } = await store.pool.query<{ name: string }>(
    `SELECT 'persistentvolumeclaims/disk-' || disk_id AS name FROM disks WHERE state <> 'gone'
     UNION ALL SELECT 'volumesnapshots/' || snapshot_name FROM disk_snapshots WHERE state = 'ready'`,
  );
  const path = `/apis/snapshot.storage.k8s.io/v1/namespaces/${cluster.namespace}/volumesnapshots`;
  const { items } = (await cluster.call("GET", path)) as {
    items: { metadata: { name: string } }[];
  };
  const there = [
    ...(await cluster.left()),
    ...items.map(({ metadata }) => `volumesnapshots/${metadata.name}`),
  ];
  const known = new Set(rows.map(({ name }) => name));
  const missing = [...known].filter((name) => !there.includes(name)).map((name) => `no ${name}`);
  return [...there.filter((name) => !known.has(name)), ...missing];
}
