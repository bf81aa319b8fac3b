/** Why no node is there for a pod, word for word as kube-scheduler says it, now and some years ago. */
import type { Unfit } from "./fit.ts";

/** `old`: 1.20. `new`: 1.24 and later. */
export type Words = "old" | "new";

/** @param reasons one list for each node. */
export function unschedulableSentence(
  words: Words,
  nodes: number,
  reasons: readonly (readonly Unfit[])[],
): string {
  if (nodes === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const reason of reasons.flat()) {
    const said = describe(words, reason);
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  const all = [...counts].map(([said, count]) => `${count} ${said}`).sort();
  const sentence = `0/${nodes} nodes are available: ${all.join(", ")}.`;
  return words === "old" ? sentence : `${sentence} preemption: ${preemption(nodes, reasons)}`;
}

/** About the pod itself, whatever the nodes are. */
export function claimSentence(words: Words, nodes: number, said: string): string {
  if (words === "old") return `0/${nodes} nodes are available: ${nodes} ${said}.`;
  return `0/${nodes} nodes are available: ${said}. preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;
}

function describe(words: Words, reason: Unfit): string {
  switch (reason.why) {
    case "unschedulable":
      return "node(s) were unschedulable";
    case "taint": {
      const taint = `{${reason.taint.key}: ${reason.taint.value ?? ""}}`;
      return words === "old"
        ? `node(s) had taint ${taint}, that the pod didn't tolerate`
        : `node(s) had untolerated taint ${taint}`;
    }
    case "affinity":
      return words === "old"
        ? "node(s) didn't match Pod's node affinity"
        : "node(s) didn't match Pod's node affinity/selector";
    case "tooManyPods":
      return "Too many pods";
    case "insufficient":
      return `Insufficient ${reason.resource}`;
  }
}

/** Taking others' places would help only where room is what lacks, and nobody there is less important. */
function preemption(nodes: number, reasons: readonly (readonly Unfit[])[]): string {
  const isAboutRoom = (all: readonly Unfit[]) =>
    all.every(({ why }) => why === "insufficient" || why === "tooManyPods");
  const victims = reasons.filter(isAboutRoom).length;
  const said = [
    ...(victims > 0 ? [`${victims} No preemption victims found for incoming pod`] : []),
    ...(nodes > victims ? [`${nodes - victims} Preemption is not helpful for scheduling`] : []),
  ].sort();
  return `0/${nodes} nodes are available: ${said.join(", ")}.`;
}
