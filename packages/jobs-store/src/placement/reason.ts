/** Why a job has not started, in a sentence for its owner, and what they can do about it. */
import { holdersOf, sentenceOf, timeOf } from "./holders.ts";
import {
  couldHold,
  type Placement,
  type PlacementNode,
  type PlacementQuestion,
  type Waits,
} from "./place.ts";
import type { Reason, WaitCode } from "./reason-codes.ts";

export interface Situation {
  readonly gpuType: string;
  readonly question: PlacementQuestion;
  readonly placement: Placement;
}

export const STARTS_NOW: Reason = {
  code: "starts_now",
  sentence: "There is room for it: it starts now.",
  remedies: [],
};

export const unseen = (gpuType: string): Reason => ({
  code: "cluster_unseen",
  sentence: `Waits for a ${gpuType} node: nobody looks at the cluster at present.`,
  remedies: ["Ask an operator: no processor has looked at the cluster's nodes for 5 minutes."],
});

const OTHER_TYPE = "Ask for another type of GPU, or wait until there are nodes.";

/** What is the same for all jobs of a size is put into words once, however many wait. */
export function createReasons(situation: Situation): (waits: Waits, gpus: number) => Reason {
  const bySize = new Map<number, OfSize>();
  return (waits, gpus) => {
    const known = bySize.get(gpus) ?? ofSize(situation, gpus);
    bySize.set(gpus, known);
    return reasonOf(waits, known, situation);
  };
}

interface OfSize {
  readonly wanted: string;
  /** That an operator has closed, and that could hold it. */
  readonly closed: readonly PlacementNode[];
  /** Pods that are no jobs have what it wants; empty for nothing. */
  readonly strangers: string;
  readonly free: string;
  /** Of the node that frees soonest, and of the one that frees soonest but for that which is held. */
  readonly holders: string;
  readonly otherHolders: string;
  readonly smaller: readonly string[];
}

const ofSize = ({ gpuType, question, placement }: Situation, gpus: number): OfSize => ({
  wanted:
    gpus === 0
      ? `a place on a ${gpuType} node`
      : `${gpus} ${gpuType} ${gpus === 1 ? "GPU" : "GPUs"} on one node`,
  closed: question.nodes.filter(
    (node) => node.closedBecause !== undefined && couldHold(node, gpus),
  ),
  strangers: strangersOn(question, gpus),
  free: freeWords(placement),
  holders: holdersOf(question, gpus),
  otherHolders: holdersOf(question, gpus, placement.heldNode),
  smaller: smallerWords(placement, gpuType, gpus),
});

function reasonOf(waits: Waits, size: OfSize, { gpuType, question, placement }: Situation): Reason {
  const { wanted, closed, smaller } = size;
  const say = (code: WaitCode, why: string, remedies: readonly string[]): Reason => ({
    code,
    sentence: `Waits for ${wanted}: ${why}`,
    remedies,
  });
  if (question.nodes.length === 0) {
    return say("no_nodes", `there is no ${gpuType} node at present.`, [OTHER_TYPE]);
  }
  switch (waits.why) {
    case "quota":
      return say("quota", "your quota lets no more of your jobs run. Others may start before it.", [
        "End one of your jobs, or ask an operator for a larger quota.",
      ]);
    case "too_big":
      return tooBig(say, size, gpuType, question, placement);
    case "behind":
      if (waits.isKept) {
        const words = `there is room on one, which is kept for a job that goes before it; ${size.free} elsewhere.`;
        return say("others_first", `${words} ${ahead(waits.jobsAhead)}`, smaller);
      }
      return noFreeNode(size, size.otherHolders, `${ahead(waits.jobsAhead)}${shut(closed)}`);
    case "first": {
      const { startsByMs } = waits;
      const isFirst = "It is the first in line.";
      if (!Number.isFinite(startsByMs)) {
        return noFreeNode(size, size.holders, `${isFirst}${shut(closed)}`);
      }
      const time = `It starts by ${timeOf(startsByMs)} at the latest, unless a job before it is extended.`;
      const place = `${isFirst} ${time}${shut(closed)}`;
      return { ...noFreeNode(size, size.holders, place), startsByMs };
    }
  }
}

const noFreeNode = ({ wanted, free, smaller }: OfSize, holders: string, place: string): Reason => ({
  code: "no_free_node",
  sentence: `Waits for ${wanted}: ${free}. ${holders}${place}`,
  brief: `Waits for ${wanted}: ${free}. ${place}`,
  remedies: smaller,
});

function tooBig(
  say: (code: WaitCode, why: string, remedies: readonly string[]) => Reason,
  { closed, strangers, smaller }: OfSize,
  gpuType: string,
  { nodes }: PlacementQuestion,
  { maxPerNode }: Placement,
): Reason {
  if (closed.length > 0) {
    const why = [...new Set(closed.map(({ closedBecause = "" }) => closedBecause))].join("; ");
    const which = closed.length === 1 ? `node ${closed[0]?.name} is` : `${closed.length} nodes are`;
    return say("drained", `${which} closed by an operator: ${sentenceOf(why)}`, [
      "Wait until an operator opens it again, or ask for another type of GPU.",
      ...smaller,
    ]);
  }
  if (nodes.every(({ isOpen }) => !isOpen)) {
    return say("nodes_closed", `no ${gpuType} node takes jobs at present.`, [OTHER_TYPE]);
  }
  return say(
    "too_big",
    `no node at present has more than ${maxPerNode} for jobs.${strangers} Others may start before it.`,
    maxPerNode > 0
      ? [`Ask for ${maxPerNode} at most, or wait for a larger node.`, ...smaller]
      : [OTHER_TYPE],
  );
}

function strangersOn({ nodes }: PlacementQuestion, gpus: number): string {
  const node = nodes.find((one) => one.isOpen && one.size.gpus >= gpus && !couldHold(one, gpus));
  const taken = node?.foreign.gpus ?? 0;
  return taken > 0 ? ` On ${node?.name}, pods that are no jobs have ${taken}.` : "";
}

const shut = ([node]: readonly PlacementNode[]): string =>
  node === undefined
    ? ""
    : ` Node ${node.name} is closed by an operator: ${sentenceOf(node.closedBecause ?? "")}`;

/** Without the node that is held, of which nobody but the first can have anything. */
function freeWords({ left }: Placement): string {
  const free = [...left.values()].filter((number) => number > 0);
  const total = free.reduce((a, b) => a + b, 0);
  if (total === 0) return "none is free";
  return `${total} ${total === 1 ? "is" : "are"} free on ${free.length} ${free.length === 1 ? "node" : "nodes"}`;
}

const ahead = (jobs: number): string =>
  `${jobs} ${jobs === 1 ? "job is" : "jobs are"} ahead of it.`;

/** What would start in its place. */
function smallerWords({ left }: Placement, gpuType: string, gpus: number): string[] {
  const most = Math.max(0, ...left.values());
  if (gpus === 0 || most === 0 || most >= gpus) return [];
  return [`A job of ${most} ${gpuType} ${most === 1 ? "GPU" : "GPUs"} would start now.`];
}
