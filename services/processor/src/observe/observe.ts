/** Watches pods and nodes: whose pod changed is looked at, and what nodes there are is written down. */
import { callForJobs, callForLostPods, type Store, writeNodes } from "@airlock/jobs-store";
import type { Cluster, KubeNode, Listener, Pod } from "../cluster/index.ts";
import type { Log } from "../log.ts";
import { startLoop, wordsOf } from "../loop.ts";
import type { MachineTypes } from "../machine-types.ts";
import { seenNodesOf } from "../placement/seen-nodes.ts";
import { identityOf, OWN_OBJECTS } from "../pod/pod-names.ts";

export interface ObserveOptions {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly types: MachineTypes;
  readonly log: Log;
  /** Jobs are due that were not. */
  readonly onCalled: () => void;
  /** Nodes are others than before, or have more room. */
  readonly onNodes: () => void;
}

export interface Observer {
  /** Undefined until they are known and written down, and the pods are known. */
  nodes(): ReadonlyMap<string, KubeNode> | undefined;
  pods(): Iterable<Pod>;
  /** Both watches have been through their first list, and the nodes are written down. */
  readonly isReady: boolean;
  stop(): Promise<void>;
}

/** Nodes are written down again, whatever was seen: seen_at tells that somebody looks. */
const NODES_PERIOD_MS = 30_000;
const CALLS_PERIOD_MS = 1000;

export function observe(options: ObserveOptions): Observer {
  const { store, cluster, types, log, onCalled, onNodes } = options;
  let called = new Set<string>();
  let hasNodes = false;

  const calls = startLoop({
    name: "calls",
    periodMs: CALLS_PERIOD_MS,
    log,
    async work() {
      const ids = [...called];
      if (ids.length === 0) return false;
      called = new Set();
      await callForJobs(store.pool, ids).catch((error) => {
        for (const id of ids) called.add(id);
        throw error;
      });
      onCalled();
      return false;
    },
  });
  const callFor = (pod: Pod) => {
    const identity = identityOf(pod);
    if (identity === undefined) return;
    called.add(identity.jobId);
    calls.nudge();
  };
  const pods = cluster.follow(
    "pods",
    { labels: OWN_OBJECTS },
    {
      changed: callFor,
      removed: callFor,
      synced: () => writing.nudge(),
      ...troubleOf(log, "pods"),
    },
  );

  const writing = startLoop({
    name: "nodes",
    periodMs: NODES_PERIOD_MS,
    log,
    async work() {
      if (!nodes.isSynced || !pods.isSynced) return false;
      await writeNodes(store.pool, seenNodesOf(nodes.objects.values(), await types.all()));
      if (!hasNodes) {
        // of what went while nobody watched no watch tells
        const uids = [...pods.objects.values()].map(({ metadata }) => metadata.uid);
        await callForLostPods(store.pool, uids);
      }
      hasNodes = true;
      onNodes();
      return false;
    },
  });
  const callForPodsOf = ({ metadata }: KubeNode) => {
    for (const pod of pods.objects.values()) if (pod.spec.nodeName === metadata.name) callFor(pod);
  };
  const nodes = cluster.follow(
    "nodes",
    {},
    {
      changed(node, before) {
        if (before !== undefined && isSame(node, before)) return;
        writing.nudge();
        callForPodsOf(node);
      },
      removed(node) {
        writing.nudge();
        callForPodsOf(node);
      },
      synced: () => writing.nudge(),
      ...troubleOf(log, "nodes"),
    },
  );
  return {
    nodes: () => (hasNodes ? nodes.objects : undefined),
    pods: () => pods.objects.values(),
    get isReady() {
      return hasNodes;
    },
    async stop() {
      pods.close();
      nodes.close();
      await Promise.all([calls.stop(), writing.stop()]);
    },
  };
}

/** Heartbeats of its kubelet change a node every few seconds. */
const isSame = (a: KubeNode, b: KubeNode): boolean => shapeOf(a) === shapeOf(b);

const shapeOf = ({ metadata, spec, status }: KubeNode): string =>
  JSON.stringify([
    metadata.uid,
    metadata.labels,
    metadata.deletionTimestamp,
    spec,
    status.allocatable,
    status.addresses,
    status.conditions.find(({ type }) => type === "Ready")?.status,
  ]);

const troubleOf = (
  log: Log,
  kind: string,
): Pick<Listener<Pod & KubeNode>, "troubled" | "recovered"> => ({
  troubled: (error) => log.warn({ kind, reason: wordsOf(error) }, "the watch has trouble"),
  recovered: () => log.info({ kind }, "the watch goes on"),
});
