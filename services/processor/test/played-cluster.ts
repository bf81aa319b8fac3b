/** A cluster in memory: pods start and end as their images say, and every creation is counted. */
import { randomUUID } from "node:crypto";
import {
  type Cluster,
  ClusterError,
  type FailureKind,
  type Kind,
  type KubeNode,
  type Listener,
  type Manifest,
  type Meta,
  type Pod,
  type Query,
  type Service,
} from "../src/cluster/index.ts";
import { READER } from "../src/disks/reader-manifest.ts";
import { JOB_CONTAINER, OWN_OBJECTS } from "../src/pod/pod-names.ts";
import { type PlayedVolumes, playVolumes } from "./played-volumes.ts";

export interface Created {
  readonly kind: Kind;
  readonly name: string;
  readonly manifest: Manifest;
}

export interface PlayedCluster extends Cluster {
  /** Everything that was ever created, in its order. */
  readonly created: readonly Created[];
  readonly pods: ReadonlyMap<string, Pod>;
  readonly secrets: ReadonlyMap<string, Meta>;
  readonly services: ReadonlyMap<string, Service>;
  readonly claims: Map<string, Meta>;
  readonly volumes: PlayedVolumes;
  /** Every Secret that was put anew, in its order. */
  readonly replaced: readonly Created[];
  /** What containers wrote, by pod. */
  readonly logs: Map<string, string>;
  /** The next calls of this verb fail so. */
  failNext(
    verb: "create" | "get" | "remove" | "list" | "readLog" | "replace" | "patch",
    kind: FailureKind,
    times?: number,
  ): void;
  /** Changes a pod, as its kubelet does. */
  change(name: string, change: (pod: Pod) => Pod): void;
  /** As `kubectl delete pod --force`. */
  vanish(name: string): void;
  addNode(
    name: string,
    size: { gpus?: number; cpu?: number; labels?: Record<string, string> },
  ): void;
  changeNode(name: string, change: (node: KubeNode) => KubeNode): void;
  removeNode(name: string): void;
}

/** `exit:<code>`: ends so as soon as it has started; `stay`: runs until it is deleted; `pull`: never starts. */
const codeOf = (image: string): number | undefined => {
  const [, code] = /^exit:(\d+)$/.exec(image) ?? [];
  return code === undefined ? undefined : Number(code);
};

export function playCluster(namespace = "gpu-dev"): PlayedCluster {
  const pods = new Map<string, Pod>();
  const nodes = new Map<string, KubeNode>();
  const secrets = new Map<string, Meta>();
  const services = new Map<string, Service>();
  const volumes = playVolumes();
  const { claims } = volumes;
  const logs = new Map<string, string>();
  const created: Created[] = [];
  const replaced: Created[] = [];
  const failures: { verb: string; kind: FailureKind; times: number }[] = [];
  const listeners = { pods: new Set<Listener<Pod>>(), nodes: new Set<Listener<KubeNode>>() };
  const known = { pods: new Map<string, Pod>(), nodes: new Map<string, KubeNode>() };
  let version = 1;

  const meta = (name: string, manifest?: Manifest): Meta => ({
    name,
    uid: randomUUID(),
    resourceVersion: String(version++),
    creationTimestamp: new Date().toISOString(),
    labels: manifest?.metadata.labels ?? {},
    annotations: manifest?.metadata.annotations ?? {},
    ownerReferences: [],
  });
  const mayFail = (verb: string) => {
    const failure = failures.find((one) => one.verb === verb && one.times > 0);
    if (!failure) return;
    failure.times--;
    throw new ClusterError(failure.kind, `The cluster says ${failure.kind}.`);
  };
  const putPod = (pod: Pod) => {
    const before = known.pods.get(pod.metadata.name);
    pods.set(pod.metadata.name, pod);
    known.pods.set(pod.metadata.name, pod);
    for (const listener of listeners.pods) listener.changed(pod, before);
  };
  const dropPod = (name: string) => {
    const pod = pods.get(name);
    if (pod === undefined) return;
    pods.delete(name);
    known.pods.delete(name);
    const isOwned = ({ ownerReferences }: Meta) => ownerReferences[0]?.uid === pod.metadata.uid;
    for (const [key, secret] of secrets) if (isOwned(secret)) secrets.delete(key);
    for (const [key, { metadata }] of services) if (isOwned(metadata)) services.delete(key);
    for (const listener of listeners.pods) listener.removed(pod);
  };
  const putNode = (node: KubeNode) => {
    const before = known.nodes.get(node.metadata.name);
    nodes.set(node.metadata.name, node);
    known.nodes.set(node.metadata.name, node);
    for (const listener of listeners.nodes) listener.changed(node, before);
  };
  /** What scheduler and kubelet do, at once. */
  const start = (name: string) => {
    const pod = pods.get(name);
    const { image = "", name: container = JOB_CONTAINER } = pod?.spec.containers[0] ?? {};
    if (pod === undefined || image === "pull" || pod.metadata.deletionTimestamp) return;
    const code = container === READER ? 0 : codeOf(image);
    const state =
      code === undefined
        ? { running: {} }
        : {
            terminated: {
              exitCode: code,
              signal: 0,
              reason: code === 0 ? "Completed" : "Error",
              message: "",
            },
          };
    putPod({
      ...pod,
      status: {
        ...pod.status,
        phase: code === undefined ? "Running" : code === 0 ? "Succeeded" : "Failed",
        hostIP: "10.0.0.1",
        conditions: [
          { type: "PodScheduled", status: "True", reason: "", message: "" },
          { type: "Ready", status: code === undefined ? "True" : "False", reason: "", message: "" },
        ],
        containerStatuses: [
          { name: container, ready: code === undefined, restartCount: 0, state, lastState: {} },
        ],
      },
    });
  };
  const createPod = (manifest: Manifest): Pod => {
    const { name } = manifest.metadata;
    const before = pods.get(name);
    if (before?.metadata.deletionTimestamp)
      throw new ClusterError("being_deleted", "It is being deleted.");
    if (before) throw new ClusterError("already_exists", `There is a Pod ${name} already.`);
    const { spec } = manifest as unknown as {
      spec: {
        affinity?: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ values: [string] }] }];
            };
          };
        };
        containers: [
          {
            name: string;
            image: string;
            resources: { requests: Record<string, string>; limits: Record<string, string> };
          },
        ];
      };
    };
    // a reader's pod goes anywhere
    const required = spec.affinity?.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    const [container] = spec.containers;
    const pod: Pod = {
      metadata: { ...meta(name, manifest), namespace },
      spec: {
        nodeName: required?.nodeSelectorTerms[0].matchFields[0].values[0] ?? "n1",
        containers: [{ name: container.name, image: container.image, ...container.resources }],
        initContainers: [],
      },
      status: {
        phase: "Pending",
        reason: "",
        message: "",
        podIP: "",
        hostIP: "",
        conditions: [],
        containerStatuses: [],
        initContainerStatuses: [],
      },
    };
    putPod(pod);
    setImmediate(() => start(name));
    return pod;
  };
  const unsupported = () => {
    throw new Error("not played");
  };
  const played = {
    namespace,
    created,
    replaced,
    pods,
    secrets,
    services,
    claims,
    volumes,
    logs,
    async create(kind: Kind, manifest: Manifest) {
      mayFail("create");
      if (kind === "pods") {
        const pod = createPod(manifest);
        created.push({ kind, name: manifest.metadata.name, manifest });
        return pod;
      }
      const { name, ownerReferences = [] } = manifest.metadata;
      const { snapshots: volumesnapshots } = volumes;
      const all = { secrets, services, persistentvolumeclaims: claims, volumesnapshots }[
        kind as "secrets"
      ];
      if (all.has(name)) throw new ClusterError("already_exists", `There is a ${name} already.`);
      const metadata = {
        ...meta(name, manifest),
        ownerReferences: ownerReferences as Meta["ownerReferences"],
      };
      created.push({ kind, name, manifest });
      // what is made for a pod that has gone goes after it
      const [owner] = metadata.ownerReferences;
      if (owner && ![...pods.values()].some((pod) => pod.metadata.uid === owner.uid)) {
        setImmediate(() => all.delete(name));
      }
      if (kind === "persistentvolumeclaims") return volumes.createClaim(metadata, manifest);
      if (kind === "volumesnapshots") return volumes.createSnapshot(metadata, manifest);
      if (kind === "secrets") {
        secrets.set(name, metadata);
        return { metadata };
      }
      const ports = [{ name: "ssh", port: 2222, nodePort: 30_000 + (version % 2768) }];
      const service = { metadata, spec: { type: "NodePort", clusterIP: "10.1.0.1", ports } };
      services.set(name, service);
      return service;
    },
    async get(kind: Kind, name: string) {
      mayFail("get");
      if (kind === "services") return services.get(name);
      if (kind === "persistentvolumeclaims") return volumes.getClaim(name);
      if (kind === "volumesnapshots") return volumes.getSnapshot(name);
      return pods.get(name);
    },
    async list(kind: Kind, query: Query = {}) {
      mayFail("list");
      if (kind === "nodes") return [...nodes.values()];
      if (kind === "events") return volumes.events(query.fields?.split("=")[1] ?? "");
      const isOwn = query.labels === OWN_OBJECTS;
      return [...pods.values()].filter(
        ({ metadata }) => !isOwn || metadata.labels["app.kubernetes.io/managed-by"] !== undefined,
      );
    },
    async replace(kind: Kind, manifest: Manifest, uid: string | undefined) {
      mayFail("replace");
      const { name, ownerReferences = [] } = manifest.metadata;
      const before = secrets.get(name);
      if (before === undefined || (uid !== undefined && before.uid !== uid)) {
        throw new ClusterError(uid === undefined ? "not_found" : "conflict", `No such ${name}.`);
      }
      const metadata = {
        ...meta(name, manifest),
        uid: before.uid,
        ownerReferences: ownerReferences as Meta["ownerReferences"],
      };
      secrets.set(name, metadata);
      replaced.push({ kind, name, manifest });
      return { metadata };
    },
    async patch(kind: Kind, name: string, uid: string, patch: { metadata: Manifest["metadata"] }) {
      mayFail("patch");
      if (kind === "persistentvolumeclaims") return volumes.growClaim(name, uid, patch);
      const pod = pods.get(name);
      if (pod?.metadata.uid !== uid) throw new ClusterError("conflict", `No such ${name}.`);
      const annotations = { ...pod.metadata.annotations, ...patch.metadata.annotations };
      putPod({ ...pod, metadata: { ...pod.metadata, annotations } });
      return pod;
    },
    async remove(kind: Kind, name: string, uid: string, options: { graceSeconds?: number } = {}) {
      mayFail("remove");
      if (kind === "persistentvolumeclaims") return volumes.removeClaim(name, uid);
      if (kind === "volumesnapshots") return volumes.removeSnapshot(name, uid);
      if (kind === "services") {
        const isMeant = services.get(name)?.metadata.uid === uid;
        if (isMeant) services.delete(name);
        return "gone" as const;
      }
      const pod = pods.get(name);
      if (pod === undefined) return "gone" as const;
      if (pod.metadata.uid !== uid) return "other" as const;
      if (options.graceSeconds === 0) {
        dropPod(name);
        return "gone" as const;
      }
      putPod({
        ...pod,
        metadata: { ...pod.metadata, deletionTimestamp: new Date().toISOString() },
      });
      setImmediate(() => dropPod(name));
      return "ending" as const;
    },
    follow(kind: Kind, _query: Query, listener: Listener<Pod> & Listener<KubeNode>) {
      const all = kind === "pods" ? listeners.pods : listeners.nodes;
      all.add(listener);
      for (const pod of kind === "pods" ? known.pods.values() : [])
        listener.changed(pod, undefined);
      for (const node of kind === "nodes" ? known.nodes.values() : [])
        listener.changed(node, undefined);
      const following = {
        objects: kind === "pods" ? known.pods : known.nodes,
        isSynced: false,
        heardAtMs: performance.now(),
        synced: Promise.resolve(),
        close: () => void all.delete(listener),
      };
      setImmediate(() => {
        following.isSynced = true;
        listener.synced?.();
      });
      return following;
    },
    async readLog(pod: string) {
      mayFail("readLog");
      return Buffer.from(logs.get(pod) ?? "");
    },
    async readLogEnd(pod: string, { lastBytes }: { lastBytes: number }) {
      mayFail("readLog");
      return Buffer.from(logs.get(pod) ?? "").subarray(-lastBytes);
    },
    streamLog: unsupported,
    dial: unsupported,
    async version() {
      return "v1.34.0";
    },
    async close() {},
    failNext(verb: string, kind: FailureKind, times = 1) {
      failures.push({ verb, kind, times });
    },
    change(name: string, change: (pod: Pod) => Pod) {
      const pod = pods.get(name);
      if (pod) putPod(change(pod));
    },
    vanish: dropPod,
    addNode(name: string, { gpus = 8, cpu = 96, labels = { GpuType: "h100" } }) {
      putNode({
        metadata: { ...meta(name), labels },
        spec: { unschedulable: false, taints: [] },
        status: {
          capacity: {},
          allocatable: { cpu: String(cpu), memory: "1000Gi", "nvidia.com/gpu": String(gpus) },
          conditions: [{ type: "Ready", status: "True", reason: "", message: "" }],
          addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
        },
      });
    },
    changeNode(name: string, change: (node: KubeNode) => KubeNode) {
      const node = nodes.get(name);
      if (node) putNode(change(node));
    },
    removeNode(name: string) {
      const node = nodes.get(name);
      if (node === undefined) return;
      nodes.delete(name);
      known.nodes.delete(name);
      for (const listener of listeners.nodes) listener.removed(node);
    },
  };
  return played as unknown as PlayedCluster;
}
