/** Plays the scheduler: pods without a node are bound to one that has room, the oldest first, or told why there is none. */
import { claimsOf } from "../claims.ts";
import { mergeConditions } from "../kubelet/pod-status.ts";
import { isFinal, jsonOf, type NodeObject, type PodObject } from "../objects.ts";
import { createRecorder } from "../recorder.ts";
import type { World } from "../world.ts";
import { type Amounts, requestsOf, unfit } from "./fit.ts";
import { parseQuantity } from "./quantity.ts";
import { claimSentence, unschedulableSentence, type Words } from "./sentences.ts";

/** Pods that name another one wait for that. */
const OWN_NAME = "default-scheduler";

/** Returns how to stop it. */
export function startScheduler(world: World, words: Words): () => void {
  const { store, now } = world;
  const record = createRecorder(world, OWN_NAME);

  const setScheduled = (pod: PodObject, nodeName: string | undefined, message: string) => {
    const condition =
      nodeName === undefined
        ? { type: "PodScheduled", status: "False", reason: "Unschedulable", message }
        : { type: "PodScheduled", status: "True" };
    const conditions = mergeConditions(pod.status.conditions ?? [], [condition], now());
    store.update("pods", {
      ...pod,
      spec: { ...pod.spec, ...(nodeName !== undefined && { nodeName }) },
      status: { ...pod.status, conditions },
    });
  };

  /** @param usage of each node; what the pod takes is added. */
  const place = (pod: PodObject, nodes: readonly NodeObject[], usage: Usage) => {
    const waitsFor = claimTrouble(pod);
    let message = "";
    if (waitsFor !== undefined) message = claimSentence(words, nodes.length, waitsFor);
    else {
      const tried = nodes.map((node) => {
        const used = usage.get(node.metadata.name) ?? new Map();
        return { node, used, reasons: unfit(pod, node, used) };
      });
      const best = tried
        .filter(({ reasons }) => reasons.length === 0)
        .sort((a, b) => share(a.node, a.used) - share(b.node, b.used))[0];
      if (best !== undefined) {
        const { name } = best.node.metadata;
        setScheduled(pod, name, "");
        take(usage, name, pod);
        const { namespace, name: own } = pod.metadata;
        record(pod, "Normal", "Scheduled", `Successfully assigned ${namespace}/${own} to ${name}`);
        return;
      }
      message = unschedulableSentence(
        words,
        nodes.length,
        tried.map(({ reasons }) => reasons),
      );
    }
    const said = pod.status.conditions?.find(({ type }) => type === "PodScheduled")?.message;
    if (said === message) return;
    setScheduled(pod, undefined, message);
    record(pod, "Warning", "FailedScheduling", message);
  };

  const claimTrouble = (pod: PodObject): string | undefined => {
    for (const name of claimsOf(pod)) {
      const claim = store.get("persistentvolumeclaims", `${pod.metadata.namespace}/${name}`);
      if (claim === undefined) return `persistentvolumeclaim "${name}" not found`;
      if (jsonOf(claim.status).phase !== "Bound") {
        return "pod has unbound immediate PersistentVolumeClaims";
      }
    }
    return undefined;
  };

  const look = () => {
    due = undefined;
    const nodes = store.all("nodes") as NodeObject[];
    const pods = store.all("pods") as PodObject[];
    const usage: Usage = new Map();
    for (const pod of pods) if (!isFinal(pod)) take(usage, pod.spec.nodeName ?? "", pod);
    // the oldest first: that is how a store keeps them
    for (const pod of pods) {
      const { schedulerName, nodeName } = pod.spec;
      if (nodeName || schedulerName !== OWN_NAME || pod.metadata.deletionTimestamp) continue;
      place(pod, nodes, usage);
    }
  };
  let due: NodeJS.Immediate | undefined;
  const stopWatching = store.onChange(({ kind }) => {
    if (kind === "pods" || kind === "nodes" || kind === "persistentvolumeclaims") {
      due ??= setImmediate(look);
    }
  });
  return () => {
    stopWatching();
    clearImmediate(due);
  };
}

/** Node → what its pods take. */
type Usage = Map<string, Map<string, number>>;

function take(usage: Usage, node: string, pod: PodObject): void {
  const used = usage.get(node) ?? new Map<string, number>();
  usage.set(node, used.set("pods", (used.get("pods") ?? 0) + 1));
  for (const [name, amount] of requestsOf(pod)) used.set(name, (used.get(name) ?? 0) + amount);
}

/** How full a node is, by the resource that it has least of. */
function share(node: NodeObject, used: Amounts): number {
  const shares = Object.entries(node.status.allocatable ?? {}).map(
    ([name, amount]) => (used.get(name) ?? 0) / Math.max(parseQuantity(amount), Number.EPSILON),
  );
  return Math.max(0, ...shares);
}
