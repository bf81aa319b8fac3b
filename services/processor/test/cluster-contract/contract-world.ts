/** What the contract of the cluster's interface is tried on: a cluster, and somebody who plays its kubelets and its admin. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Listener, Manifest, Pod } from "../../src/cluster/index.ts";

export interface ContractWorld {
  /** In an empty namespace, with watches that the server ends every second. */
  readonly cluster: Cluster;
  /** The same, as somebody whom the server does not know. */
  readonly stranger: Cluster;
  /** The same, as somebody who is known and may do nothing. */
  readonly powerless: Cluster;
  /** The same, in a namespace that is not there. */
  readonly nowhere: Cluster;
  /** Two nodes with 8 GPUs each and nothing on them, and the label that both have alone. */
  readonly nodes: readonly [string, string];
  readonly nodeLabel: { readonly key: string; readonly value: string };
  /** Past the interface, as kubelets and admins do. Throws for what is not answered by 2xx. */
  raw(method: RawMethod, path: string, body?: object): Promise<unknown>;
  /** In a namespace of its own that is being deleted. */
  terminating(): Promise<Cluster>;
  /** In a namespace of its own that may hold one pod. */
  limited(): Promise<Cluster>;
  /** Ends it and leaves nothing of it. */
  close(): Promise<void>;
}

/** PATCH is a strategic merge, as kubelets send it. */
export type RawMethod = "GET" | "POST" | "PATCH" | "DELETE";

export interface ContractCase {
  /** A sentence: what holds. */
  readonly name: string;
  run(world: ContractWorld): Promise<void>;
}

export const GPU = "nvidia.com/gpu";

/** A pod that nobody but the world's nodes takes, and that no kubelet runs. */
export function podOf(
  world: ContractWorld,
  name: string,
  { gpus = 1, spec = {}, ...metadata }: PodParts = {},
): Manifest {
  const { key, value } = world.nodeLabel;
  return {
    metadata: { name, ...metadata },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      nodeSelector: { [key]: value },
      tolerations: [{ operator: "Exists" }],
      containers: [
        {
          name: "main",
          image: "example.com/image:1",
          resources: { limits: { [GPU]: String(gpus) } },
        },
      ],
      ...spec,
    },
  };
}

type PodParts = Partial<Manifest["metadata"]> & {
  readonly gpus?: number;
  readonly spec?: object;
  readonly finalizers?: readonly string[];
};

/** A pod that no node may take, so that it stays without one. */
export const unplaced = (world: ContractWorld, name: string, parts: PodParts = {}): Manifest =>
  podOf(world, name, { ...parts, spec: { nodeSelector: { nobody: "has-this" }, ...parts.spec } });

/** The pod once it is bound to a node. */
export function bound({ cluster }: ContractWorld, name: string): Promise<Pod> {
  return eventually(`${name} is bound`, async () => {
    const pod = await cluster.get("pods", name);
    return pod !== undefined && pod.spec.nodeName !== "" ? pod : undefined;
  });
}

/** Why the pod has no node, once the scheduler says so. */
export function unscheduled({ cluster }: ContractWorld, name: string): Promise<string> {
  return eventually(`${name} is told why it waits`, async () => {
    const pod = await cluster.get("pods", name);
    const said = pod?.status.conditions.find(({ type }) => type === "PodScheduled");
    return said?.status === "False" ? said.message : undefined;
  });
}

const LIMIT_MS = 20_000;

/** What `look` finds, once it finds something. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  limitMs = LIMIT_MS,
): Promise<T> {
  const endsAtMs = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endsAtMs) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await sleep(20);
  }
}

/** A listener that writes down what it is told: `+name` is new, `~name` has changed, `-name` is gone. */
export function noting(): { readonly heard: string[]; readonly listener: Listener<Pod> } {
  const heard: string[] = [];
  return {
    heard,
    listener: {
      changed: ({ metadata }, before) => void heard.push((before ? "~" : "+") + metadata.name),
      removed: ({ metadata }) => void heard.push(`-${metadata.name}`),
    },
  };
}
