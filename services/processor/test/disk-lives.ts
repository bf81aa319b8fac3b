/** The lives of disks, turn by turn: what is asked of them, a processor that may die of it, and what is left in the end. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  type DiskAction,
  type DiskOperationRow,
  type DiskRow,
  findDisk,
  findDiskOperation,
  insertDisk,
  insertDiskOperation,
  listSnapshots,
  type SnapshotRow,
  sendOrder,
  writeNodes,
} from "@airlock/jobs-store";
import { claimManifest } from "../src/disks/claim-manifest.ts";
import { claimNameOf } from "../src/disks/disk-names.ts";
import { createDiskReconciler } from "../src/disks/disk-reconciler.ts";
import { DISK_RULES, type DiskRules } from "../src/disks/disk-rules.ts";
import { createDiskInbox, createInbox } from "../src/inbox/inbox.ts";
import { createMachineTypes } from "../src/machine-types.ts";
import { ownPodsOf } from "../src/placement/own-pods.ts";
import { placeType } from "../src/placement/place-type.ts";
import { seenNodesOf } from "../src/placement/seen-nodes.ts";
import { LIMITS } from "../src/reconcile/job-view.ts";
import { createReconciler } from "../src/reconciler/reconciler.ts";
import { Dead, Life, mortalCluster, mortalStore } from "./crashes.ts";
import { type PlayedCluster, playCluster } from "./played-cluster.ts";
import type { Files } from "./played-volumes.ts";
import { access, DISK_QUEUE, FIFO, QUEUE, rules, silent, type World } from "./world.ts";

export interface Ground {
  readonly world: World;
  readonly cluster: PlayedCluster;
  readonly diskRules: DiskRules;
  /** Pods that were made while another one had their disk. */
  readonly doubles: string[];
  /** A disk that stands, with a file on it. */
  disk(files?: Readonly<Record<string, string>>): Promise<Disk>;
  /** As the API does: the operation and its order. @returns the operation's id. */
  ask(disk: Disk, action: DiskAction, changes?: Ask): Promise<string>;
  /** A disk that is to be made of another one. */
  copy(
    of: Disk,
    snapshotId?: string,
  ): Promise<{ readonly disk: Disk; readonly operationId: string }>;
  operation(operationId: string): Promise<DiskOperationRow>;
  row(disk: Disk): Promise<DiskRow>;
  snapshots(disk: Disk): Promise<SnapshotRow[]>;
  files(disk: Disk): Files;
  /** A processor works until nothing is open any more, or it dies. */
  live(life?: Life): Promise<void>;
  /** Set it where there are none: nobody looks for them then. */
  hasJobs: boolean;
  /** Nothing is open any more. */
  isQuiet(): Promise<boolean>;
  /** What a lease and a time of waiting come to, once they are over. */
  timePasses(): Promise<void>;
}

export interface Disk {
  readonly diskId: string;
  readonly diskName: string;
}

interface Ask {
  readonly sizeGb?: number;
  /** What the API changes of the row with it. */
  readonly sets?: string;
}

const TURNS = 80;

const OPEN = `
SELECT (SELECT count(*) FROM disk_operations WHERE completed_at IS NULL)
  + (SELECT count(*) FROM disk_snapshots WHERE state IN ('wanted', 'taking', 'deleting')
      OR content_state IN ('wanted', 'reading', 'clearing'))
  + (SELECT count(*) FROM disks WHERE state IN ('copying', 'deleting'))
  + (SELECT count(*) FROM disks WHERE delete_date <= current_date AND state <> 'gone')
  + (SELECT count(*) FROM reservations WHERE cleaned_at IS NULL) AS open`;

export async function openGround(
  world: World,
  cluster = playCluster(),
  diskRules = DISK_RULES,
): Promise<Ground> {
  const { store, userId } = world;
  const doubles: string[] = [];
  watchDoubles(cluster, doubles);
  cluster.addNode("n1", { gpus: 8 });
  const nodes = await cluster.list("nodes");
  await writeNodes(store.pool, seenNodesOf(nodes, await createMachineTypes(store).all()));
  const timePasses = async () => {
    for (const table of ["reservations", "disks"]) {
      await store.pool.query(
        `UPDATE ${table} SET lease_until = now() - interval '1 s', due_at = now() WHERE lease_until IS NOT NULL`,
      );
    }
    for (const queue of [QUEUE, DISK_QUEUE]) {
      await store.pool.query(`UPDATE pgmq.q_${queue} SET vt = clock_timestamp()`);
    }
    await hurry(world);
  };
  const ask: Ground["ask"] = ({ diskId }, action, { sizeGb, sets } = {}) =>
    store.transaction(async (transaction) => {
      const operationId = randomUUID();
      if (sets) await transaction.query(`UPDATE disks SET ${sets} WHERE disk_id = $1`, [diskId]);
      await insertDiskOperation(transaction, { operationId, diskId, action, sizeGb });
      const order = {
        v: 1,
        action: "create_disk",
        order_id: operationId,
        disk_id: diskId,
      } as const;
      await sendOrder(transaction, { queue: DISK_QUEUE, order: { ...order, arguments: {} } });
      return operationId;
    });
  const ground: Ground = {
    hasJobs: true,
    world,
    cluster,
    diskRules,
    doubles,
    timePasses,
    isQuiet: () => isQuiet(world),
    ask,
    async disk(files = { first: "of it" }) {
      const diskName = `d-${randomUUID().slice(0, 8)}`;
      const diskId = await insertDisk(store.pool, { userId, diskName, sizeGb: 20 });
      const sql = "UPDATE disks SET state = 'ready', due_at = NULL WHERE disk_id = $1";
      await store.pool.query(sql, [diskId]);
      const wish = { diskId, owner: "alice", sizeGb: 20 };
      await cluster.create("persistentvolumeclaims", claimManifest(wish, diskRules));
      const disk = { diskId, diskName };
      const on = cluster.volumes.files(claimNameOf(diskId));
      for (const [name, text] of Object.entries(files)) on.set(name, text);
      return disk;
    },
    async copy(of, snapshotId) {
      const diskName = `copy-${randomUUID().slice(0, 8)}`;
      const source = { diskId: of.diskId, snapshotId: snapshotId ?? null };
      const diskId = await insertDisk(store.pool, { userId, diskName, sizeGb: 20, source });
      const disk = { diskId, diskName };
      return { disk, operationId: await ask(disk, "clone") };
    },
    async operation(operationId) {
      const row = await findDiskOperation(store.pool, { userId, operationId });
      assert.ok(row, operationId);
      return row;
    },
    async row({ diskName }) {
      const row = await findDisk(store.pool, { userId, diskName });
      assert.ok(row, diskName);
      return row;
    },
    snapshots: ({ diskId }) => listSnapshots(store.pool, diskId),
    files: ({ diskId }) => cluster.volumes.files(claimNameOf(diskId)),
    live: (life = new Life(Number.POSITIVE_INFINITY, "before")) => live(ground, life),
  };
  return ground;
}

async function isQuiet({ store }: World): Promise<boolean> {
  return (await store.pool.query<{ open: string }>(OPEN)).rows[0]?.open === "0";
}

/** Nothing of a claim is written by two at once. */
function watchDoubles(cluster: PlayedCluster, doubles: string[]): void {
  const { create } = cluster;
  const claims = new Map<string, string>();
  cluster.create = (async (kind: "pods", manifest: Parameters<typeof create>[1], options) => {
    const claim = /"claimName":"(disk-[^"]+)"/.exec(JSON.stringify(manifest))?.[1];
    const made = await create(kind, manifest, options);
    if (kind !== "pods" || claim === undefined) return made;
    const { name } = manifest.metadata;
    for (const [other, its] of claims) {
      if (its === claim && other !== name && cluster.pods.has(other)) doubles.push(claim);
    }
    claims.set(name, claim);
    return made;
  }) as typeof create;
}

async function hurry({ store }: World): Promise<void> {
  for (const table of ["reservations", "disks"]) {
    await store.pool.query(
      `UPDATE ${table} SET due_at = now() WHERE lease_until IS NULL AND due_at > now()`,
    );
  }
}

async function live({ world, cluster, diskRules, hasJobs }: Ground, life: Life): Promise<void> {
  const store = mortalStore(life, world.store);
  const mortal = mortalCluster(life, cluster);
  const types = createMachineTypes(world.store);
  const nodes = new Map((await cluster.list("nodes")).map((node) => [node.metadata.name, node]));
  const common = { store, cluster: mortal, leaseSeconds: 30, log: silent };
  const readInbox = createInbox({ ...common, queue: QUEUE, holdSeconds: 30, maxHours: 72 });
  const readDiskInbox = createDiskInbox({ ...common, queue: DISK_QUEUE, holdSeconds: 30 });
  const seeToDisks = createDiskReconciler({ ...common, rules: diskRules });
  const reconciler = createReconciler({
    ...common,
    sealer: world.sealer,
    rules,
    access,
    limits: LIMITS,
    atOnce: 4,
    machineType: types.find,
    nodes: () => nodes,
    onFreed() {},
    takesSnapshots: diskRules.takesSnapshots,
  });
  const ownPods = () => ownPodsOf(cluster.pods.values(), (name) => name === "nvidia.com/gpu");
  for (let turn = 0; turn < TURNS && !life.isDead; turn++) {
    try {
      await readDiskInbox();
      await seeToDisks();
      if (hasJobs) {
        await readInbox();
        await placeType({ store, namespace: "gpu-dev", ownPods, rules: FIFO }, "h100");
        await reconciler.take();
        await reconciler.settled();
      }
    } catch (error) {
      if (!(error instanceof Dead)) throw error;
    }
    if (await isQuiet(world)) return;
    await hurry(world);
  }
}
