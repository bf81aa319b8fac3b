/** What a test may do to a running stand-in beside calling it. */
import type { Fault, FaultInput } from "./faults/fault-schema.ts";
import type { KindName } from "./kind-names.ts";
import type { ImageFault } from "./kubelet/images.ts";
import type { Kubelet } from "./kubelet/kubelet.ts";
import type { NodeSpec, Nodes } from "./nodes.ts";
import { keyOf, type Quantities, type StoredObject } from "./objects.ts";
import type { Creation, RequestCounts, RequestRecord } from "./request-log.ts";
import type { StoragePlayInput } from "./storage/storage-play.ts";
import type { World } from "./world.ts";

export interface LocalKubernetesControls {
  readonly faults: {
    /** Replaces all faults. Throws a TypeError that names the bad member. */
    set(faults: readonly FaultInput[]): void;
    clear(): void;
    list(): Fault[];
  };
  readonly requests: {
    counts(): RequestCounts;
    /** The last 1000, oldest first. */
    list(): RequestRecord[];
    /** All objects that were really made by requests, whatever their clients have heard. */
    creations(kind?: KindName): Creation[];
    reset(): void;
  };
  readonly objects: {
    all(kind: KindName): StoredObject[];
    get(kind: KindName, name: string, namespace?: string): StoredObject | undefined;
  };
  readonly nodes: {
    add(spec: NodeSpec): void;
    /** Its kubelet is no longer heard of. */
    lose(name: string): void;
    /** It is back. */
    find(name: string): void;
  };
  readonly pods: {
    /** Memory was short: its containers are killed. Throws when it does not run here. */
    outOfMemory(namespace: string, name: string): void;
    evict(namespace: string, name: string, message?: string): void;
  };
  readonly images: {
    /** Replaces all: images that do not come. */
    fail(faults: readonly ImageFault[]): void;
  };
  readonly namespaces: {
    add(name: string): void;
    /** Nothing can be created in it any more. */
    terminate(name: string): void;
    /** What it may hold, such as `{ pods: "3" }`; undefined: whatever is asked for. */
    limit(name: string, quota: Quantities | undefined): void;
  };
  readonly storage: {
    /** Replaces all: how volumes and snapshots behave, and their faults. Throws a TypeError that names the bad member. */
    set(play: StoragePlayInput): void;
  };
  readonly watches: {
    /** Forgets what has changed so far: who asks for it hears 410. */
    forget(): void;
  };
  readonly tokens: {
    /** Only these bearer tokens are believed from now on; undefined: nobody has to say who they are. */
    believe(tokens: readonly string[] | undefined): void;
  };
}

const PRESSURE = "The node was low on resource: memory.";

export function makeControls(
  world: World,
  kubelet: Kubelet | undefined,
  nodes: Nodes,
): LocalKubernetesControls {
  const { store, faults, requests, namespaces } = world;
  const kubeletOrThrow = (): Kubelet => {
    if (kubelet === undefined) throw new Error("no kubelet is played here");
    return kubelet;
  };
  return {
    faults: {
      set: (all) => faults.set(all),
      clear: () => faults.clear(),
      list: () => faults.list(),
    },
    requests: {
      counts: () => requests.counts(),
      list: () => requests.list(),
      creations: (kind) => requests.creations(kind),
      reset: () => requests.reset(),
    },
    objects: {
      all: (kind) => store.all(kind),
      get: (kind, name, namespace) => store.get(kind, keyOf(namespace, name)),
    },
    nodes: {
      add: (spec) => nodes.add(spec),
      lose: (name) => nodes.lose(name),
      find: (name) => nodes.find(name),
    },
    pods: {
      outOfMemory: (namespace, name) => kubeletOrThrow().runOf(namespace, name).outOfMemory(),
      evict: (namespace, name, message = PRESSURE) =>
        kubeletOrThrow().runOf(namespace, name).evict(message),
    },
    images: {
      fail: (all) => {
        kubeletOrThrow().imageFaults = all;
      },
    },
    namespaces: {
      add: (name) => void namespaces.set(name, { isTerminating: false }),
      limit: (name, quota) => {
        if (quota === undefined) world.quotas.delete(name);
        else world.quotas.set(name, quota);
      },
      terminate: (name) => void namespaces.set(name, { isTerminating: true }),
    },
    storage: { set: (play) => world.storage.set(play) },
    watches: { forget: () => store.forget() },
    tokens: {
      believe: (tokens) => {
        world.tokens = tokens;
      },
    },
  };
}
