/** Nodes: how they are made, lost and found, and what becomes of pods on one that is lost. */
import { randomUUID } from "node:crypto";
import { markDeleted } from "./api/remove.ts";
import type { Kubelet } from "./kubelet/kubelet.ts";
import { mergeConditions } from "./kubelet/pod-status.ts";
import {
  keyOfObject,
  type NodeObject,
  type PodObject,
  type Quantities,
  type Taint,
  timeOf,
} from "./objects.ts";
import { isTolerated } from "./scheduler/fit.ts";
import type { World } from "./world.ts";

export interface NodeSpec {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** Beside or instead of 64 CPUs, 512Gi and 110 pods, such as `{ "nvidia.com/gpu": "2" }`. */
  readonly allocatable?: Quantities;
}

const SIZE: Quantities = { cpu: "64", memory: "512Gi", pods: "110", "ephemeral-storage": "1Ti" };
const READY = {
  type: "Ready",
  status: "True",
  reason: "KubeletReady",
  message: "kubelet is posting ready status",
};
const UNKNOWN = {
  type: "Ready",
  status: "Unknown",
  reason: "NodeStatusUnknown",
  message: "Kubelet stopped posting node status.",
};
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNREACHABLE_TAINTS: readonly Taint[] = [
  { key: UNREACHABLE, effect: "NoSchedule" },
  { key: UNREACHABLE, effect: "NoExecute" },
];

export interface Nodes {
  add(spec: NodeSpec): void;
  /** Its kubelet is no longer heard of. Pods are deleted once they no longer tolerate that, and stay on their way out. */
  lose(name: string): void;
  /** It is back, and so is what its pods have done meanwhile. */
  find(name: string): void;
  close(): void;
}

export function createNodes(world: World, kubelet: Kubelet | undefined): Nodes {
  const { store, now } = world;
  const timers = new Map<string, NodeJS.Timeout[]>();

  const change = (
    name: string,
    ready: typeof READY,
    taints: (old: readonly Taint[]) => Taint[],
  ) => {
    const node = store.get("nodes", name) as NodeObject | undefined;
    if (node === undefined) throw new TypeError(`there is no node ${name}`);
    store.update("nodes", {
      ...node,
      spec: { ...node.spec, taints: taints(node.spec.taints ?? []) },
      status: {
        ...node.status,
        conditions: mergeConditions(node.status.conditions ?? [], [ready], now()),
      },
    });
  };
  const without = (taints: readonly Taint[]) => taints.filter(({ key }) => key !== UNREACHABLE);
  const forgive = (name: string) => {
    for (const timer of timers.get(name) ?? []) clearTimeout(timer);
    timers.delete(name);
  };

  /** As the node life cycle's taint manager: each pod has the seconds that it tolerates, or for ever. */
  const evict = (name: string) => {
    const taint = { key: UNREACHABLE, effect: "NoExecute" };
    const pods = (store.all("pods") as PodObject[]).filter(({ spec }) => spec.nodeName === name);
    const due = pods.flatMap((pod) => {
      const bearing = (pod.spec.tolerations ?? []).filter((one) => isTolerated(taint, [one]));
      const seconds = bearing.map(({ tolerationSeconds }) => tolerationSeconds);
      if (bearing.length > 0 && seconds.includes(undefined)) return [];
      const waitMs =
        Math.min(...seconds.map((one = 0) => one), bearing.length > 0 ? 2 ** 20 : 0) * 1000;
      const remove = () => {
        const found = store.get("pods", keyOfObject(pod));
        if (found?.metadata.uid === pod.metadata.uid) markDeleted(world, "pods", found, undefined);
      };
      return [setTimeout(remove, waitMs).unref()];
    });
    timers.set(name, due);
  };

  /** Nobody is left to end the pods of a node that is gone. */
  const stopWatching = store.onChange(({ kind, type, object }) => {
    if (kind !== "nodes" || type !== "DELETED") return;
    for (const pod of store.all("pods") as PodObject[]) {
      if (pod.spec.nodeName === object.metadata.name) markDeleted(world, "pods", pod, 0);
    }
  });

  return {
    add({ name, labels = {}, taints = [], allocatable: more = {} }) {
      const allocatable = { ...SIZE, ...more };
      store.put("nodes", {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
          name,
          uid: randomUUID(),
          resourceVersion: "",
          creationTimestamp: timeOf(now()),
          labels: { "kubernetes.io/hostname": name, ...labels },
        },
        spec: { ...(taints.length > 0 && { taints }) },
        status: {
          capacity: allocatable,
          allocatable,
          addresses: [
            { type: "InternalIP", address: "127.0.0.1" },
            { type: "Hostname", address: name },
          ],
          conditions: mergeConditions([], [READY], now()),
        },
      });
    },
    lose(name) {
      kubelet?.lose(name);
      change(name, UNKNOWN, (old) => [...without(old), ...UNREACHABLE_TAINTS]);
      for (const pod of store.all("pods") as PodObject[]) {
        if (pod.spec.nodeName !== name || pod.status.phase !== "Running") continue;
        const condition = { type: "Ready", status: "False", reason: "NodeNotReady" };
        const conditions = mergeConditions(pod.status.conditions ?? [], [condition], now());
        store.update("pods", { ...pod, status: { ...pod.status, conditions } });
      }
      evict(name);
    },
    find(name) {
      forgive(name);
      change(name, READY, without);
      kubelet?.find(name);
    },
    close() {
      stopWatching();
      for (const name of timers.keys()) forgive(name);
    },
  };
}
