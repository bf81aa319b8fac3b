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

  const place = (pod: PodObject) => {
    const nodes = store.all("nodes") as NodeObject[];
    const waitsFor = claimTrouble(pod);
    let message = "";
    if (waitsFor !== undefined) message = claimSentence(words, nodes.length, waitsFor);
    else {
      const tried = nodes.map((node) => {
        const used = usedOn(node.metadata.name);
        return { node, used, reasons: unfit(pod, node, used) };
      });
      const best = tried
        .filter(({ reasons }) => reasons.length === 0)
        .sort((a, b) => share(a.node, a.used) - share(b.node, b.used))[0];
      if (best !== undefined) {
        const { name } = best.node.metadata;
        setScheduled(pod, name, "");
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

  const usedOn = (node: string): Amounts => {
    const used = new Map<string, number>();
    for (const pod of store.all("pods") as PodObject[]) {
      if (pod.spec.nodeName !== node || isFinal(pod)) continue;
      used.set("pods", (used.get("pods") ?? 0) + 1);
      for (const [name, amount] of requestsOf(pod)) used.set(name, (used.get(name) ?? 0) + amount);
    }
    return used;
  };

  const look = () => {
    due = undefined;
    const waiting = (store.all("pods") as PodObject[])
      .filter(({ spec, metadata }) => !spec.nodeName && metadata.deletionTimestamp === undefined)
      .filter(({ spec }) => spec.schedulerName === OWN_NAME)
      .sort((a, b) => bornOf(a) - bornOf(b));
    for (const pod of waiting) place(pod);
  };
  /** Versions would say when they were changed last. */
  const born = new Map<string, number>();
  const bornOf = ({ metadata }: PodObject): number => born.get(metadata.uid) ?? 0;
  let due: NodeJS.Immediate | undefined;
  const stopWatching = store.onChange(({ kind, type, object, version }) => {
    if (kind !== "pods" && kind !== "nodes" && kind !== "persistentvolumeclaims") return;
    if (kind === "pods" && type === "ADDED") born.set(object.metadata.uid, version);
    if (kind === "pods" && type === "DELETED") born.delete(object.metadata.uid);
    due ??= setImmediate(look);
  });
  return () => {
    stopWatching();
    clearImmediate(due);
  };
}

/** How full a node is, by the resource that it has least of. */
function share(node: NodeObject, used: Amounts): number {
  const shares = Object.entries(node.status.allocatable ?? {}).map(
    ([name, amount]) => (used.get(name) ?? 0) / Math.max(parseQuantity(amount), Number.EPSILON),
  );
  return Math.max(0, ...shares);
}
