/** Plays a CSI driver, its provisioner and resizer, and the snapshot controller: volumes are texts, which are copied as files would be. */
import type { Stage } from "../../../scenarios/src/scenario.ts";
import type { ContractWorld } from "../../../services/processor/test/cluster-contract/contract-world.ts";
import { RUN_LABEL } from "./cluster.ts";

type Raw = ContractWorld["raw"];

/** - untaken: it never answers; - unready: taken, and not to be used; - error: it says no. */
export type Snapshots = "at once" | "untaken" | "unready" | "error";

export interface PlayedStorage {
  /** The name of both classes. */
  readonly className: string;
  /** How it behaves from now on. */
  readonly rules: {
    snapshots: Snapshots;
    volumes: "at once" | "error";
    /** pending: the file system waits for a pod. */
    growth: "at once" | "pending";
  };
  /** What is on the volume of a claim. */
  readonly volumes: Map<string, string>;
  /** Resolves once nothing more is played. */
  stop(): Promise<void>;
}

interface Seen {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
  };
}
interface SeenClaim extends Seen {
  readonly spec: {
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
    readonly dataSource?: { readonly name: string };
  };
  readonly status: {
    readonly phase: string;
    readonly capacity?: { readonly storage?: string };
    readonly conditions?: readonly object[];
  };
}
interface SeenSnapshot extends Seen {
  readonly spec: {
    readonly source: { readonly persistentVolumeClaimName: string };
    readonly volumeSnapshotClassName?: string;
  };
  readonly status?: {
    readonly boundVolumeSnapshotContentName?: string;
    readonly creationTime?: string;
    readonly readyToUse?: boolean;
    readonly restoreSize?: string;
  };
}

const PAUSE_MS = 200;
const DRIVER = "check.csi.example.com";
const GROUP = "/apis/snapshot.storage.k8s.io/v1";
const FINALIZER = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection";

export async function playStorage(
  raw: Raw,
  { runId, namespace }: { readonly runId: string; readonly namespace: string },
  stage: Stage,
): Promise<PlayedStorage> {
  const className = `airlock-check-${runId}`;
  const labels = { [RUN_LABEL]: runId };
  const metadata = { name: className, labels };
  await raw("POST", "/apis/storage.k8s.io/v1/storageclasses", {
    metadata,
    provisioner: DRIVER,
    reclaimPolicy: "Retain",
    allowVolumeExpansion: true,
  });
  await raw("POST", `${GROUP}/volumesnapshotclasses`, {
    ...{ apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshotClass" },
    ...{ metadata, driver: DRIVER, deletionPolicy: "Delete" },
  });
  const volumes = new Map<string, string>();
  /** By the names of their VolumeSnapshots. */
  const taken = new Map<string, string>();
  const rules: PlayedStorage["rules"] = {
    snapshots: "at once",
    volumes: "at once",
    growth: "at once",
  };
  const claimsPath = `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
  const snapshotsPath = `${GROUP}/namespaces/${namespace}/volumesnapshots`;
  const volumeOf = ({ metadata: { uid } }: Seen) => `${className}-${uid}`;

  const tell = (claim: Seen, reason: string, message: string) =>
    raw("POST", `/api/v1/namespaces/${namespace}/events`, {
      metadata: { name: `${claim.metadata.name}.${Date.now().toString(16)}` },
      involvedObject: {
        ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", namespace },
        ...{ name: claim.metadata.name, uid: claim.metadata.uid },
      },
      ...{ type: "Warning", reason, message, source: { component: DRIVER } },
      ...{ firstTimestamp: now(), lastTimestamp: now(), count: 1 },
    });
  const provision = async (claim: SeenClaim) => {
    const source = claim.spec.dataSource?.name;
    const files = source === undefined ? "" : taken.get(source);
    if (files === undefined || rules.volumes === "error") {
      const words = files === undefined ? `snapshot ${source} is not Ready` : "no room";
      await tell(claim, "ProvisioningFailed", `failed to provision volume: ${words}`);
      return;
    }
    const { name, uid } = claim.metadata;
    volumes.set(name, files);
    await raw("POST", "/api/v1/persistentvolumes", {
      metadata: { name: volumeOf(claim), labels },
      spec: {
        capacity: { storage: claim.spec.resources.requests.storage },
        accessModes: ["ReadWriteOnce"],
        persistentVolumeReclaimPolicy: "Retain",
        storageClassName: className,
        claimRef: { kind: "PersistentVolumeClaim", namespace, name, uid },
        csi: { driver: DRIVER, volumeHandle: volumeOf(claim) },
      },
    });
  };
  const grow = async (claim: SeenClaim) => {
    const { storage } = claim.spec.resources.requests;
    const path = `${claimsPath}/${claim.metadata.name}/status`;
    if (rules.growth === "pending") {
      if (claim.status.conditions !== undefined) return;
      const pending = { type: "FileSystemResizePending", status: "True" };
      await raw("PATCH", path, { status: { conditions: [pending] } });
      return;
    }
    await raw("PATCH", `/api/v1/persistentvolumes/${volumeOf(claim)}`, {
      spec: { capacity: { storage } },
    });
    await raw("PATCH", path, { status: { capacity: { storage } } });
  };
  const seeToClaim = async (claim: SeenClaim) => {
    const { spec, status, metadata: own } = claim;
    if (spec.storageClassName !== className || own.deletionTimestamp !== undefined) return;
    if (status.phase === "Pending" && !spec.volumeName) {
      if (!volumes.has(own.name)) await provision(claim);
    } else if (status.capacity?.storage !== spec.resources.requests.storage) await grow(claim);
  };

  const say = (snapshot: Seen, status: object) =>
    raw("PATCH", `${snapshotsPath}/${snapshot.metadata.name}/status`, { status });
  const bind = async (snapshot: SeenSnapshot) => {
    const { name, uid } = snapshot.metadata;
    const content = `snapcontent-${uid}`;
    const claim = snapshot.spec.source.persistentVolumeClaimName;
    await raw("POST", `${GROUP}/volumesnapshotcontents`, {
      ...{ apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshotContent" },
      metadata: { name: content, labels },
      spec: {
        ...{ deletionPolicy: "Delete", driver: DRIVER, volumeSnapshotClassName: className },
        source: { volumeHandle: claim },
        volumeSnapshotRef: { kind: "VolumeSnapshot", namespace, name, uid },
      },
    });
    await raw("PATCH", `${snapshotsPath}/${name}`, { metadata: { finalizers: [FINALIZER] } });
    await say(snapshot, { boundVolumeSnapshotContentName: content, readyToUse: false });
  };
  const take = async (snapshot: SeenSnapshot, claims: readonly SeenClaim[]) => {
    const { name } = snapshot.metadata;
    const { source, volumeSnapshotClassName: wanted = className } = snapshot.spec;
    if (wanted !== className) {
      const message = `Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io "${wanted}" not found`;
      return void (await say(snapshot, { error: { message, time: now() }, readyToUse: false }));
    }
    if (snapshot.status?.boundVolumeSnapshotContentName === undefined) await bind(snapshot);
    if (rules.snapshots === "untaken") return;
    if (rules.snapshots === "error") {
      const message = 'failed to take snapshot: "rpc error: code = Internal desc = no room"';
      return void (await say(snapshot, { error: { message, time: now() }, readyToUse: false }));
    }
    const claim = claims.find(({ metadata: own }) => own.name === source.persistentVolumeClaimName);
    if (!taken.has(name)) taken.set(name, volumes.get(source.persistentVolumeClaimName) ?? "");
    const readyToUse = rules.snapshots === "at once";
    if (snapshot.status?.creationTime !== undefined && !readyToUse) return;
    const restoreSize = claim?.status.capacity?.storage;
    await say(snapshot, {
      ...{ creationTime: snapshot.status?.creationTime ?? now(), readyToUse, error: null },
      ...(restoreSize !== undefined && { restoreSize }),
    });
  };
  const release = async ({ metadata: own, status }: SeenSnapshot) => {
    const content = status?.boundVolumeSnapshotContentName;
    if (content !== undefined) await raw("DELETE", `${GROUP}/volumesnapshotcontents/${content}`);
    taken.delete(own.name);
    await raw("PATCH", `${snapshotsPath}/${own.name}`, { metadata: { finalizers: null } });
  };

  const list = async <T>(path: string) => ((await raw("GET", path)) as { items: T[] }).items;
  let isStopped = false;
  /** What was seen may be gone, or another one by now. */
  const lateWords = (error: Error) => {
    if (!/: (404|409) /.test(error.message)) stage.progress(`storage: ${error.message}`);
  };
  const round = async () => {
    const claims = await list<SeenClaim>(claimsPath);
    for (const claim of claims) await seeToClaim(claim).catch(lateWords);
    for (const snapshot of await list<SeenSnapshot>(snapshotsPath)) {
      const isEnding = snapshot.metadata.deletionTimestamp !== undefined;
      const isReady = snapshot.status?.readyToUse === true;
      if (isEnding) await release(snapshot).catch(lateWords);
      else if (!isReady) await take(snapshot, claims).catch(lateWords);
    }
  };
  const rounds = (async () => {
    while (!isStopped) {
      // the definitions may be taken away
      await round().catch(lateWords);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();
  const stop = async () => {
    isStopped = true;
    await rounds;
    // nobody else would take their finalizers away
    for (const one of await list<SeenSnapshot>(snapshotsPath).catch(() => [])) {
      await release(one).catch(lateWords);
    }
  };
  stage.defer(stop);
  return { className, rules, volumes, stop };
}

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;
