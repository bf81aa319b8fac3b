/** The lives of disks: what a job wrote is there for the next one, in snapshots, in copies, and until the end; whoever dies of it. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { freeDisk } from "@airlock/jobs-store";
import { claimNameOf, readerNameOf, snapshotNameOf } from "../src/disks/disk-names.ts";
import { DISK_RULES } from "../src/disks/disk-rules.ts";
import { Life } from "./crashes.ts";
import { type Disk, type Ground, openGround } from "./disk-lives.ts";
import { type PlayedCluster, playCluster } from "./played-cluster.ts";
import { someOf } from "./scaled.ts";
import { openWorld, startPostgres } from "./world.ts";

const postgres = await startPostgres();
const world = await openWorld(postgres);
const { store } = world;
after(async () => {
  await store.close();
  await postgres.stop();
});

const textOf = (ground: Ground, disk: Disk) => Object.fromEntries(ground.files(disk));
const listed = (snapshotId: string, cluster: PlayedCluster) =>
  cluster.logs.set(readerNameOf(snapshotId), "1.2G\n\n1.2G\t.\n\nfirst\n");

/** A job that writes a file, and ends. */
async function runJob(ground: Ground, disk: Disk, name: string, text: string): Promise<string> {
  const jobId = await world.submit({ disk: disk.diskName, command: "true", image: "exit:0" });
  const { create } = ground.cluster;
  ground.cluster.create = (async (
    kind: "pods",
    manifest: Parameters<typeof create>[1],
    options,
  ) => {
    const made = await create(kind, manifest, options);
    const isIts = manifest.metadata.name === `gpu-dev-${jobId}` && kind === "pods";
    if (isIts) ground.files(disk).set(name, text);
    return made;
  }) as typeof create;
  await ground.live();
  assert.equal((await world.job(jobId)).status, "completed");
  return jobId;
}

test("a file of a job is in the next one, in the snapshot of its end, in a copy, and listed", async () => {
  const ground = await openGround(world);
  const disk = await ground.disk({});
  const first = await runJob(ground, disk, "a", "1");
  const [before] = await ground.snapshots(disk);
  assert.deepEqual(
    [before?.state, before?.reason, before?.reservation_id],
    ["ready", "job", first],
  );
  await runJob(ground, disk, "a", "2");
  assert.deepEqual(textOf(ground, disk), { a: "2" });
  const restored = await ground.copy(disk, before?.snapshot_id);
  const cloned = await ground.copy(disk);
  await ground.live();
  for (const { operationId } of [restored, cloned]) {
    assert.equal((await ground.operation(operationId)).status, "completed");
  }
  assert.deepEqual(textOf(ground, restored.disk), { a: "1" });
  assert.deepEqual(textOf(ground, cloned.disk), { a: "2" });
  const row = await ground.row(disk);
  assert.deepEqual([row.snapshot_count, row.is_backing_up, row.in_use], [3, false, false]);
  assert.deepEqual(ground.doubles, []);
  assert.equal([...ground.cluster.pods.keys()].length, 0, "whoever listed it is gone");
});

test("what a pod lists of a snapshot is kept, with how much is used", async () => {
  const ground = await openGround(world);
  const disk = await ground.disk();
  const { create } = ground.cluster;
  ground.cluster.create = (async (
    kind: "volumesnapshots",
    manifest: Parameters<typeof create>[1],
  ) => {
    if (kind === "volumesnapshots") {
      listed(manifest.metadata.name.replace("snapshot-", ""), ground.cluster);
    }
    return create(kind, manifest);
  }) as typeof create;
  const operationId = await ground.ask(disk, "snapshot");
  await ground.live();
  const { status, snapshot_id } = await ground.operation(operationId);
  assert.equal(status, "completed");
  const [snapshot] = await ground.snapshots(disk);
  assert.deepEqual([snapshot?.snapshot_id, snapshot?.has_content], [snapshot_id, true]);
  assert.equal((await ground.row(disk)).disk_size, "1.2G");
  const pod = ground.cluster.created.find(({ kind }) => kind === "pods");
  assert.ok(JSON.stringify(pod?.manifest).includes('"readOnly":true'));
});

test("where snapshots are off a disk is kept all the same, and who asks for one is told", async () => {
  const ground = await openGround(world, playCluster(), { ...DISK_RULES, takesSnapshots: false });
  const disk = await ground.disk({});
  await runJob(ground, disk, "a", "1");
  assert.deepEqual(await ground.snapshots(disk), []);
  const operationId = await ground.ask(disk, "snapshot");
  const copy = await ground.copy(disk);
  await ground.live();
  const told = /Snapshots are switched off here/;
  assert.match((await ground.operation(operationId)).error ?? "", told);
  assert.match((await ground.operation(copy.operationId)).error ?? "", told);
  assert.equal((await ground.row(copy.disk)).state, "failed");
  await runJob(ground, disk, "b", "2");
  assert.deepEqual(textOf(ground, disk), { a: "1", b: "2" });
});

for (const [how, error] of [
  ["error", /^The driver says no\.$/],
  ["never", /^It was not there in 10 minutes\.$/],
] as const) {
  test(`a snapshot that fails (${how}) is told, keeps no job waiting, and the volume is as it was`, async () => {
    const ground = await openGround(world);
    ground.cluster.volumes.rules.snapshots = how;
    const disk = await ground.disk({ a: "1" });
    const operationId = await ground.ask(disk, "snapshot");
    const living = ground.live(new Life(40, "before"));
    await living;
    const late = "created_at = created_at - interval '11 minutes'";
    await store.pool.query(`UPDATE disk_snapshots SET ${late} WHERE disk_id = $1`, [disk.diskId]);
    await ground.timePasses();
    await ground.live();
    const { status, error: why } = await ground.operation(operationId);
    assert.equal(status, "failed");
    assert.match(why ?? "", error);
    const row = await ground.row(disk);
    assert.deepEqual([row.state, row.is_backing_up, row.snapshot_count], ["ready", false, 0]);
    assert.match(row.snapshot_error ?? "", error);
    assert.equal(ground.cluster.volumes.snapshots.size, 0);
    await runJob(ground, disk, "b", "2");
    assert.deepEqual(textOf(ground, disk), { a: "1", b: "2" });
  });
}

test("until what a job left is cut nobody writes on it; the next job says why it waits, and not for long", async () => {
  const ground = await openGround(world);
  const disk = await ground.disk();
  const jobId = await world.submit({ disk: disk.diskName, command: "true", image: "exit:0" });
  ground.cluster.volumes.rules.snapshots = "never";
  const next = world.submit({ disk: disk.diskName, command: "true", image: "exit:0" });
  const second = await next;
  await ground.live(new Life(150, "before"));
  assert.equal((await world.job(jobId)).status, "completed");
  assert.equal((await world.job(second)).status, "queued");
  const words = (await world.job(second)).current_detailed_status;
  assert.equal(words, `Waits for its disk ${disk.diskName}: it is being backed up.`);
  await store.pool.query("UPDATE disks SET held_until = now() WHERE disk_id = $1", [disk.diskId]);
  ground.cluster.volumes.rules.snapshots = "at once";
  for (const [name, { object, files }] of ground.cluster.volumes.snapshots) {
    const status = { ...object.status, readyToUse: true };
    ground.cluster.volumes.snapshots.set(name, { object: { ...object, status }, files });
  }
  await ground.timePasses();
  await ground.live();
  assert.equal((await world.job(second)).status, "completed");
  assert.deepEqual(ground.doubles, []);
});

for (const [growth, status, sizeGb] of [
  ["at once", "completed", 40],
  ["pending", "completed", 40],
  ["refused", "failed: Its class does not let volumes grow.", 20],
] as const) {
  test(`a disk grows (${growth}): ${status}, and has ${sizeGb} GB`, async () => {
    const ground = await openGround(world);
    ground.cluster.volumes.rules.growth = growth;
    const disk = await ground.disk({ a: "1" });
    const operationId = await ground.ask(disk, "resize", { sizeGb: 40 });
    await ground.live();
    const { status: got, error } = await ground.operation(operationId);
    assert.equal(error === null ? got : `${got}: ${error}`, status);
    assert.equal((await ground.row(disk)).size_gb, sizeGb);
    assert.deepEqual(textOf(ground, disk), { a: "1" });
  });
}

test("a copy whose class waits for a pod keeps its snapshot until it has a volume; one that fails says why", async () => {
  const ground = await openGround(world);
  const disk = await ground.disk();
  ground.cluster.volumes.rules.binding = "waits";
  const { disk: copy, operationId } = await ground.copy(disk);
  await ground.live();
  assert.equal((await ground.operation(operationId)).status, "completed");
  const sourceOf = async () => {
    const sql = "SELECT source_snapshot_id AS id FROM disks WHERE disk_id = $1";
    return (await store.pool.query<{ id: string | null }>(sql, [copy.diskId])).rows[0]?.id;
  };
  assert.notEqual(await sourceOf(), null);
  ground.cluster.volumes.rules.binding = "at once";
  await store.pool.query("UPDATE disks SET due_at = now() WHERE disk_id = $1", [copy.diskId]);
  await ground.ask(copy, "rename");
  await ground.live();
  assert.equal(await sourceOf(), null);
  ground.cluster.volumes.rules.binding = "fails";
  const failing = await ground.copy(disk);
  await ground.live(new Life(80, "before"));
  assert.equal((await ground.row(failing.disk)).last_fault, "The driver has no room.");
  await store.pool.query("UPDATE disk_operations SET created_at = now() - interval '1 hour'");
  await ground.timePasses();
  await ground.live();
  assert.equal((await ground.operation(failing.operationId)).error, "The driver has no room.");
  assert.equal((await ground.row(failing.disk)).has_failed, true);
  // the cluster has room again
  ground.cluster.volumes.rules.binding = "at once";
  await ground.timePasses();
  await ground.live();
  assert.equal((await ground.row(failing.disk)).state, "ready");
});

/** As if it had been deleted so many days ago, for 30 days. */
const deletedAgo = (days: number) =>
  `marked_deleted_at = now() - interval '${days} days', delete_date = (now() AT TIME ZONE 'UTC')::date + 30 - ${days}`;

test("a deleted disk is restored after 29 days with all that was on it, and is gone after 31", async () => {
  const ground = await openGround(world);
  const disk = await ground.disk({ a: "1" });
  await ground.ask(disk, "snapshot");
  await ground.ask(disk, "delete", { sets: deletedAgo(29) });
  await ground.live();
  assert.equal((await ground.row(disk)).is_deleted, true);
  await ground.ask(disk, "restore", { sets: "marked_deleted_at = NULL, delete_date = NULL" });
  await ground.live();
  assert.deepEqual(textOf(ground, disk), { a: "1" });
  const removal = await ground.ask(disk, "delete", { sets: deletedAgo(31) });
  await ground.live();
  assert.equal((await ground.operation(removal)).status, "completed");
  await assert.rejects(ground.row(disk));
  const { claims, snapshots } = ground.cluster.volumes;
  assert.deepEqual([claims.size, snapshots.size, ground.cluster.pods.size], [0, 0, 0]);
});

interface Scene {
  /** Before a processor lives. */
  readonly begin: (ground: Ground) => Promise<Check>;
  /** The awaits that are died at, each where it comes first. */
  readonly at: RegExp;
  readonly readsContent?: boolean;
  readonly hasJobs?: boolean;
}
/** What is so when nothing is open any more. */
type Check = (told: string) => Promise<void>;

const completed = async (ground: Ground, operationId: string, told: string) => {
  const { status, error } = await ground.operation(operationId);
  assert.equal(status, "completed", `${error}: ${told}`);
};
/** All that is done to a disk: in the database, and in the cluster. */
const OF_DISKS =
  /(UPDATE|INTO|FROM) (disks|disk_snapshots|disk_operations)\b(?![\s\S]*first_seen_at)|persistentvolumeclaims|volumesnapshots|(create|remove) pods|readLog|COMMIT/;

const SCENES: Readonly<Record<string, Scene>> = {
  "attach, detach and the snapshot of a job's end": {
    hasJobs: true,
    at: OF_DISKS,
    async begin(ground) {
      const disk = await ground.disk({ a: "1" });
      const jobs = [await world.submit({ disk: disk.diskName, command: "true", image: "exit:0" })];
      return async (told) => {
        for (const jobId of jobs) assert.equal((await world.job(jobId)).status, "completed", told);
        assert.deepEqual(textOf(ground, disk), { a: "1" }, told);
        const row = await ground.row(disk);
        assert.deepEqual([row.in_use, row.snapshot_count], [false, 1], told);
      };
    },
  },
  "a snapshot that is asked for, and what is in it": {
    readsContent: true,
    at: OF_DISKS,
    async begin(ground) {
      const disk = await ground.disk({ a: "1" });
      const operationId = await ground.ask(disk, "snapshot");
      return async (told) => {
        await completed(ground, operationId, told);
        const { snapshot_id } = await ground.operation(operationId);
        const kept = ground.cluster.volumes.snapshots.get(snapshotNameOf(snapshot_id ?? ""));
        assert.deepEqual(Object.fromEntries(kept?.files ?? []), { a: "1" }, told);
        assert.equal((await ground.row(disk)).snapshot_count, 1, told);
        assert.equal((await ground.snapshots(disk))[0]?.has_content, true, told);
      };
    },
  },
  "a copy of a disk as it is": {
    at: OF_DISKS,
    async begin(ground) {
      const disk = await ground.disk({ a: "1" });
      const { disk: copy, operationId } = await ground.copy(disk);
      return async (told) => {
        await completed(ground, operationId, told);
        assert.deepEqual(textOf(ground, copy), { a: "1" }, told);
      };
    },
  },
  "growth, another name, deletion and its taking back": {
    at: OF_DISKS,
    async begin(ground) {
      const disk = await ground.disk({ a: "1" });
      const asked = [
        await ground.ask(disk, "resize", { sizeGb: 40 }),
        await ground.ask(disk, "rename", { sets: "disk_name = disk_name || '-2'" }),
        await ground.ask(disk, "delete", { sets: deletedAgo(1) }),
        await ground.ask(disk, "restore", { sets: "marked_deleted_at = NULL, delete_date = NULL" }),
      ];
      return async (told) => {
        for (const operationId of asked) await completed(ground, operationId, told);
        const row = await ground.row({ ...disk, diskName: `${disk.diskName}-2` });
        assert.deepEqual([row.size_gb, row.is_deleted], [40, false], told);
        assert.deepEqual(textOf(ground, disk), { a: "1" }, told);
      };
    },
  },
  "the end of a disk": {
    at: OF_DISKS,
    async begin(ground) {
      const disk = await ground.disk({ a: "1" });
      const sql = `INSERT INTO disk_snapshots (disk_id, snapshot_name, state) VALUES ($1, gen_random_uuid(), 'ready')`;
      await store.pool.query(sql, [disk.diskId]);
      const operationId = await ground.ask(disk, "delete", { sets: deletedAgo(31) });
      return async (told) => {
        await completed(ground, operationId, told);
        await assert.rejects(ground.row(disk));
        assert.equal(ground.cluster.claims.has(claimNameOf(disk.diskId)), false, told);
      };
    },
  },
};

async function play(scene: Scene, life: Life, cluster = playCluster()): Promise<void> {
  const { begin, readsContent = false, hasJobs = false } = scene;
  const ground = await openGround(world, cluster, { ...DISK_RULES, readsContent });
  ground.hasJobs = hasJobs;
  const check = await begin(ground);
  await ground.live(life);
  for (let more = 0; more < 3 && !(await ground.isQuiet()); more++) {
    await ground.timePasses();
    await ground.live();
  }
  const told = `died at ${life.awaits.length}: ${life.awaits.at(-1)?.slice(0, 300)}`;
  await check(told);
  assert.deepEqual(ground.doubles, [], told);
  const made = cluster.created.filter(({ kind }) => kind !== "secrets" && kind !== "services");
  const twice = made.filter(({ kind, name }, index) =>
    made.some((one, before) => before < index && one.kind === kind && one.name === name),
  );
  assert.deepEqual(
    twice.map(({ name }) => name),
    [],
    `made twice: ${told}`,
  );
  assert.equal(cluster.pods.size, 0, told);
}

describe("a processor that dies at its k-th await of a disk", () => {
  for (const [name, scene] of Object.entries(SCENES)) {
    test(`${name}, the answer lost, for k after k`, async () => {
      const whole = new Life(Number.POSITIVE_INFINITY, "after");
      await play(scene, whole);
      const deaths = whole.awaits.flatMap((what, index) =>
        scene.at.test(what) ? [index + 1] : [],
      );
      assert.ok(deaths.length > 5, String(deaths.length));
      for (const k of someOf(deaths)) await play(scene, new Life(k, "after"));
    });
  }

  test("a processor that takes a snapshot anew when it finds one is found out", async () => {
    const careless = playCluster();
    const { create } = careless;
    careless.create = (async (kind: "pods", manifest: Parameters<typeof create>[1]) => {
      careless.volumes.snapshots.delete(manifest.metadata.name);
      return create(kind, manifest);
    }) as typeof create;
    const found: string[] = [];
    const scene = SCENES["a snapshot that is asked for, and what is in it"] as Scene;
    for (let k = 1; k <= 20 && found.length === 0; k++) {
      await play(scene, new Life(k, "after"), careless).catch((error: Error) =>
        found.push(error.message),
      );
    }
    assert.match(found[0] ?? "", /made twice/);
  });
});

test("a job that never ran leaves no snapshot", async () => {
  const ground = await openGround(world);
  const disk = await ground.disk();
  const jobId = await world.submit({ disk: disk.diskName });
  const taking = "UPDATE disks SET reservation_id = $1 WHERE disk_id = $2";
  await store.pool.query(taking, [jobId, disk.diskId]);
  await freeDisk(store.pool, { reservationId: jobId, takesSnapshot: true });
  assert.deepEqual(await ground.snapshots(disk), []);
  await world.order(jobId, "cancel");
  await ground.live();
});
