/**
 * The life of a disk on a real API server, under the rights that are shipped and no others: a real processor and
 * Postgres; the CSI driver, the snapshot controller and the kubelet are played.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type DiskAction,
  type DiskRow,
  findDisk,
  findDiskOperation,
  insertDisk,
  insertDiskOperation,
  listSnapshots,
  sendOrder,
} from "@airlock/jobs-store";
import {
  createKubeCluster,
  keepAccess,
  kubeconfig,
} from "../../../services/processor/src/cluster/index.ts";
import {
  claimNameOf,
  readerNameOf,
  snapshotNameOf,
} from "../../../services/processor/src/disks/disk-names.ts";
import { DISK_RULES } from "../../../services/processor/src/disks/disk-rules.ts";
import {
  type ContractWorld,
  eventually,
} from "../../../services/processor/test/cluster-contract/contract-world.ts";
import { createRawApi } from "../../../services/processor/test/cluster-contract/raw-api.ts";
import {
  DISK_QUEUE,
  openWorld,
  rules,
  startPostgres,
  type World,
  withProcessorsRights,
  work,
} from "../../../services/processor/test/world.ts";
import { accountOf } from "./job-life.ts";
import { playKubelet } from "./played-kubelet.ts";
import { playNodes } from "./played-nodes.ts";
import { playStorage } from "./played-storage.ts";
import { recordRequests } from "./recording-proxy.ts";
import { checkUse, isOfDisks } from "./rights-used.ts";
import { applyShippedRights } from "./shipped-rights.ts";
import { hasSnapshots, installSnapshots, removeSnapshots } from "./snapshot-definitions.ts";
import type { Step } from "./step.ts";

const TYPE = "b200";
/** Steps that wait for each other, each a few seconds apart. */
const LIMIT_MS = 90_000;
const SNAPSHOT_COUNT = "count/volumesnapshots.snapshot.storage.k8s.io";

/** What a quota takes to be counted for the first time. */
const QUOTA_MS = 1500;

interface Quota {
  readonly status?: { readonly used?: Readonly<Record<string, string>> };
}
const JOB = { gpuType: TYPE, image: "registry.example.com/image:1" } as const;

export const diskLife: Step = {
  name: "disk-life",
  how: "under the shipped rights alone, those of disks all used: a disk's snapshots at a job's end and on demand, a copy of one and of the disk, its growth, the pod that lists it, its deletion and its end, while the driver that is played refuses, is slow, never answers or has no room, and where there are no snapshots at all",
  async run(cluster, stage) {
    if (await hasSnapshots(cluster)) {
      return stage.note(
        "not run",
        "0",
        "the cluster has snapshots, whose controller would play along",
      );
    }
    const access = keepAccess(kubeconfig(cluster.kubeconfig, { env: process.env }));
    const api = await createRawApi(access);
    stage.defer(() => api.close());
    await playNodes(api.raw, cluster.runId, stage, TYPE);
    await installSnapshots(cluster);
    await counted(api.raw, await cluster.namespace("counted"));
    const shipped = await applyShippedRights(cluster);
    const { namespace } = shipped;
    await accountOf(namespace, api.raw);
    const storage = await playStorage(api.raw, { runId: cluster.runId, namespace }, stage);
    const { server, tls } = await access.current();
    const { cert: _cert, key: _key, ...serverTls } = tls;
    const proxy = await recordRequests({
      ...{ server, tls: serverTls, authorization: `Bearer ${shipped.token}` },
    });
    stage.defer(() => proxy.close());
    const kube = createKubeCluster({ access: keepAccess(async () => proxy.access), namespace });
    stage.defer(() => kube.close());
    const admin = createKubeCluster({ access, namespace });
    stage.defer(() => admin.close());
    const postgres = await startPostgres();
    stage.defer(() => postgres.stop());
    const world = await openWorld(postgres);
    stage.defer(() => world.store.close());
    const limited = await withProcessorsRights(world);
    stage.defer(() => limited.store.close());
    const processor = work(limited, kube, {
      rules: { ...rules, toolsImage: "registry.example.com/devbox:1" },
      diskRules: {
        ...DISK_RULES,
        ...{ storageClass: storage.className, snapshotClass: storage.className },
        toolsImage: "registry.example.com/devbox:1",
      },
    });
    stage.defer(() => processor.stop());
    const kubelet = playKubelet(api.raw, namespace);
    const hand = handOf(world);
    const check = (what: string, promise: string, result: string) =>
      stage.check(what, promise, result === promise, "1 disk", result);
    const pool = world.store.pool;
    const volumeOf = ({ disk_id }: DiskRow) => storage.volumes.get(claimNameOf(disk_id)) ?? "none";
    /** A job that leaves words on the disk. */
    const runJob = async (diskName: string, words: string) => {
      const jobId = await world.submit({ ...JOB, disk: diskName });
      await kubelet.start(`gpu-dev-${jobId}`);
      await world.until(jobId, "active");
      storage.volumes.set(claimNameOf((await hand.disk(diskName)).disk_id), words);
      await world.order(jobId, "cancel");
      await kubelet.end(`gpu-dev-${jobId}`);
      await world.until(jobId, "cancelled");
      return jobId;
    };
    const readySnapshot = (diskId: string, count: number) =>
      eventually(
        "a snapshot can be used",
        async () => {
          const ready = (await listSnapshots(pool, diskId)).filter(
            ({ state }) => state === "ready",
          );
          return ready.length >= count ? ready[0] : undefined;
        },
        LIMIT_MS,
      );

    const { operationId, diskName } = await world.createDisk();
    check("a disk that is asked for", "completed", await hand.outcome(operationId));
    const jobId = await runJob(diskName, "one");
    const { disk_id: diskId } = await hand.disk(diskName);
    const first = await readySnapshot(diskId, 1);
    check("a snapshot at a job's end", `job ${jobId}`, `${first.reason} ${first.reservation_id}`);

    const reader = readerNameOf(first.snapshot_id);
    const pod = await eventually("a pod lists it", () => admin.get("pods", reader), LIMIT_MS);
    check("the pod that lists it", "1 container: reader", readerOf(pod.spec.containers));
    await api.raw("PATCH", `/api/v1/namespaces/${namespace}/pods/${reader}/status`, {
      status: { phase: "Failed", reason: "Played", message: "nobody runs it" },
    });
    const cleared = await eventually(
      "it is cleared away",
      async () => {
        const left = [
          await admin.get("pods", reader),
          await admin.get("persistentvolumeclaims", reader),
        ];
        return left.every((one) => one === undefined) ? "pod and claim" : undefined;
      },
      LIMIT_MS,
    );
    check("what is taken away when it fails", "pod and claim", cleared);

    await runJob(diskName, "two");
    const restored = await hand.copy(diskId, "restored", first.snapshot_id);
    const copied = await hand.copy(diskId, "copied");
    check("a disk of the first snapshot", "completed", await hand.outcome(restored));
    check("a disk of the disk as it is", "completed", await hand.outcome(copied));
    check("what is on the first", "one", volumeOf(await hand.disk("restored")));
    check("what is on the second", "two", volumeOf(await hand.disk("copied")));

    check("a snapshot on demand", "completed", await hand.ask(diskId, "snapshot"));
    check("a disk that grows", "completed", await hand.ask(diskId, "resize", 40));
    storage.rules.growth = "pending";
    check(
      "one whose file system waits for a pod",
      "completed",
      await hand.ask(diskId, "resize", 60),
    );
    check("its size", "60", String((await hand.disk(diskName)).size_gb));
    storage.rules.growth = "at once";

    // the driver fails: nothing is lost, and every operation ends
    storage.rules.snapshots = "error";
    const refused = await hand.begin(diskId, "snapshot");
    await eventually(
      "the driver says no",
      async () => (await admin.list("volumesnapshots")).find(({ status }) => status.error !== ""),
      LIMIT_MS,
    );
    await hand.makeOld(diskId);
    const why = await hand.outcome(refused);
    check(
      "a driver that refuses",
      "failed: its words",
      why.replace(/failed: .*no room.*/, "failed: its words"),
    );
    storage.rules.snapshots = "untaken";
    const unheard = await hand.begin(diskId, "snapshot");
    await hand.makeOld(diskId);
    check(
      "a driver that never answers",
      "failed: It was not there in 10 minutes.",
      await hand.outcome(unheard),
    );
    storage.rules.snapshots = "unready";
    const slow = await hand.begin(diskId, "snapshot");
    await eventually(
      "it is cut",
      async () => ((await hand.disk(diskName)).state === "ready" ? true : undefined),
      LIMIT_MS,
    );
    await runJob(diskName, "three");
    storage.rules.snapshots = "at once";
    check("a driver that is slow keeps no job waiting", "completed", await hand.outcome(slow));
    // its refusals are no missing rights
    const fromHere = proxy.requests.length;
    const full = await counted(api.raw, namespace);
    const over = await hand.begin(diskId, "snapshot");
    await hand.makeOld(diskId);
    const said = await hand.outcome(over);
    check(
      "no room in the namespace",
      "failed: a quota is used up",
      said.replace(/: .*quota .*used up: .*/, ": a quota is used up"),
    );
    await api.raw("DELETE", full);
    const byQuota = proxy.requests.slice(fromHere);
    storage.rules.volumes = "error";
    const roomless = await hand.copy(diskId, "roomless", first.snapshot_id);
    const told = await eventually(
      "what the driver says is told",
      async () => (await hand.disk("roomless")).last_fault ?? undefined,
      LIMIT_MS,
    );
    check("a copy that the driver has no room for", "failed to provision volume: no room", told);
    storage.rules.volumes = "at once";
    check("once it has", "completed", await hand.outcome(roomless));
    await runJob(diskName, "four");
    check("what is on the disk after all that", "four", volumeOf(await hand.disk(diskName)));

    await hand.remove(diskId);
    const gone = await eventually(
      "its end",
      async () => {
        const claim = await admin.get("persistentvolumeclaims", claimNameOf(diskId));
        const snapshot = await admin.get("volumesnapshots", snapshotNameOf(first.snapshot_id));
        return claim === undefined && snapshot === undefined ? "nothing" : undefined;
      },
      LIMIT_MS,
    );
    check("what is left of a disk 31 days after it was deleted", "nothing", gone);
    const { granted } = shipped;
    const asked = proxy.requests.filter((one) => !byQuota.includes(one));
    checkUse(stage, { used: granted.filter(isOfDisks), granted }, asked);

    await storage.stop();
    await removeSnapshots(cluster);
    const { disk_id: other } = await hand.disk("copied");
    const without = await hand.ask(other, "snapshot");
    check(
      "a cluster without snapshots",
      "failed: The cluster knows no snapshots: its API snapshot.storage.k8s.io/v1 is not installed.",
      without,
    );
  },
};

/**
 * A quota that lets in none. Who counts hears of a new kind now and then, and counts then what comes after it: until
 * that nothing of the kind is let in where it has a quota.
 *
 * @returns its path.
 */
function counted(raw: ContractWorld["raw"], namespace: string): Promise<string> {
  const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
  let tries = 0;
  return eventually(
    "snapshots are counted",
    async () => {
      const name = `none-${++tries}`;
      await raw("POST", quotas, { metadata: { name }, spec: { hard: { [SNAPSHOT_COUNT]: "0" } } });
      await sleep(QUOTA_MS);
      const { status } = (await raw("GET", `${quotas}/${name}`)) as Quota;
      if (status?.used?.[SNAPSHOT_COUNT] !== undefined) return `${quotas}/${name}`;
      await raw("DELETE", `${quotas}/${name}`);
      return undefined;
    },
    LIMIT_MS,
  );
}

const readerOf = (containers: readonly { readonly name: string }[]): string =>
  `${containers.length} container: ${containers.map(({ name }) => name).join()}`;

/** What the API writes, and what its callers see. */
function handOf({ store, userId }: World) {
  const { pool } = store;
  const disk = async (diskName: string): Promise<DiskRow> => {
    const row = await findDisk(pool, { userId, diskName });
    if (row === undefined) throw new Error(`no disk ${diskName}`);
    return row;
  };
  const begin = (diskId: string, action: DiskAction, sizeGb?: number): Promise<string> =>
    store.transaction(async (transaction) => {
      const operationId = randomUUID();
      await insertDiskOperation(transaction, { operationId, diskId, action, sizeGb });
      const order = { v: 1, action: "snapshot_disk", order_id: operationId } as const;
      await sendOrder(transaction, {
        queue: DISK_QUEUE,
        order: { ...order, disk_id: diskId, arguments: {} },
      });
      return operationId;
    });
  const outcome = (operationId: string): Promise<string> =>
    eventually(
      "an operation ends",
      async () => {
        const row = await findDiskOperation(pool, { userId, operationId });
        if (!row?.completed_at) return undefined;
        return row.error === null ? row.status : `${row.status}: ${row.error}`;
      },
      LIMIT_MS,
    );
  return {
    disk,
    begin,
    outcome,
    ask: async (diskId: string, action: DiskAction, sizeGb?: number) =>
      outcome(await begin(diskId, action, sizeGb)),
    async copy(of: string, diskName: string, snapshotId: string | null = null) {
      const source = { diskId: of, snapshotId };
      const diskId = await insertDisk(pool, { userId, diskName, sizeGb: 60, source });
      return begin(diskId, "clone");
    },
    /** As if what is asked for now had been asked for long ago. */
    async makeOld(diskId: string) {
      await eventually(
        "a snapshot is asked for",
        async () => {
          const sql = `UPDATE disk_snapshots SET created_at = created_at - interval '11 minutes'
            WHERE disk_id = $1 AND state IN ('wanted', 'taking') RETURNING snapshot_id`;
          return (await pool.query(sql, [diskId])).rowCount || undefined;
        },
        LIMIT_MS,
      );
    },
    /** Deleted 31 days ago. */
    async remove(diskId: string) {
      const sql = `UPDATE disks SET marked_deleted_at = now() - interval '31 days', due_at = now(),
        delete_date = (now() AT TIME ZONE 'UTC')::date - 1 WHERE disk_id = $1`;
      await pool.query(sql, [diskId]);
    },
  };
}
