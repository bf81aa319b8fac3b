/** Why a job has not started, in a sentence for its owner. */
import type { Placement, PlacementQuestion, Waits } from "./place.ts";

export interface WaitContext {
  readonly gpuType: string;
  readonly gpus: number;
  readonly question: PlacementQuestion;
  readonly placement: Placement;
}

export function whyItWaits(waits: Waits, context: WaitContext): string {
  const { gpuType, gpus, question, placement } = context;
  const open = question.nodes.filter(({ isOpen }) => isOpen);
  if (question.nodes.length === 0) return `Waits: there is no ${gpuType} node at present.`;
  if (open.length === 0) return `Waits: no ${gpuType} node takes jobs at present.`;
  const wanted =
    gpus === 0 ? `a place on a ${gpuType} node` : `${count(gpus, gpuType)} on one node`;
  if (waits.why === "too_big") {
    return `Waits for ${wanted}: no node at present has more than ${placement.maxPerNode} for jobs. Others may start before it.`;
  }
  const free = freeNow(context);
  if (waits.why === "behind") {
    return `Waits for ${wanted}: ${free}. ${waits.jobsAhead} ${waits.jobsAhead === 1 ? "job is" : "jobs are"} ahead of it.`;
  }
  const time = Number.isFinite(waits.startsByMs)
    ? ` It starts by ${timeOf(waits.startsByMs)} at the latest, unless a job before it is extended.`
    : "";
  return `Waits for ${wanted}: ${free}. It is the first in line.${time}`;
}

const count = (gpus: number, gpuType: string): string =>
  `${gpus} ${gpuType} ${gpus === 1 ? "GPU" : "GPUs"}`;

/** Without the node that is held, of which nobody but the first can have anything. */
function freeNow({ placement }: WaitContext): string {
  const free = [...placement.left.values()].filter((number) => number > 0);
  const total = free.reduce((a, b) => a + b, 0);
  if (total === 0) return "none is free";
  return `${total} ${total === 1 ? "is" : "are"} free on ${free.length} ${free.length === 1 ? "node" : "nodes"}`;
}

const timeOf = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
