/**
 * What a job needs next, from what its row says and what the cluster shows: the whole life of a job,
 * as one function without effects. Whoever carries a step out asks again afterwards.
 */
import { isFinal } from "@airlock/jobs-store";
import { choreOf } from "./chores.ts";
import { endOf, endOfLost, wasRefusedByNode } from "./endings.ts";
import { expiryOf } from "./expiry.ts";
import { type ContainerTrouble, containerTrouble, PULLS } from "./image-trouble.ts";
import type { JobView, Limits } from "./job-view.ts";
import { explainUnscheduled } from "./scheduler-words.ts";
import type { NodeSight, PodSight, Sight } from "./sight.ts";
import { fail, type Step, type Wait } from "./step.ts";

/** Nothing that happens is missed for longer, whatever became of the watches. */
const LOOK_AGAIN_SECONDS = 300;
/** While something is expected any moment. */
const SOON_SECONDS = 5;

export function nextStep(job: JobView, sight: Sight, limits: Limits, nowMs: number): Step {
  const pod = podOf(job, sight);
  if (isFinal(job.status)) return pod ? removal(pod, sight.node) : { do: "clean" };
  switch (job.status) {
    case "queued":
    case "pending":
      return queued(job, limits, nowMs);
    case "active":
      return job.endAs ? ending(job, pod, sight) : active(job, pod, sight, limits, nowMs);
    default:
      return job.endAs ? ending(job, pod, sight) : preparing(job, pod, sight, limits, nowMs);
  }
}

/** Once it is known which pod is the job's, another one of that name is not. */
function podOf({ booking }: JobView, { pod }: Sight): PodSight | undefined {
  return booking?.podUid === undefined || booking.podUid === pod?.uid ? pod : undefined;
}

function queued(job: JobView, limits: Limits, nowMs: number): Step {
  if (job.endAs) return { do: "finish", as: job.endAs };
  if (!job.isOffered) {
    const reason = `Machines of the type ${job.gpuType} are no longer offered.`;
    return { do: "finish", as: "failed", reason };
  }
  if (job.isDiskGone) {
    return { do: "finish", as: "failed", reason: `There is no disk ${job.diskName} any more.` };
  }
  const endMs = job.createdAtMs + limits.queueHours * 3_600_000;
  if (nowMs >= endMs) {
    const reason = `No node was free for it in ${limits.queueHours} hours.`;
    return { do: "finish", as: "cancelled", reason };
  }
  return { do: "wait", seconds: secondsUntil(endMs, nowMs) };
}

function preparing(
  job: JobView,
  pod: PodSight | undefined,
  sight: Sight,
  limits: Limits,
  nowMs: number,
): Step {
  const { booking } = job;
  // nobody books for a state of the first release
  if (!booking) return { do: "requeue", detail: "Waits for a node." };
  if (booking.isGivenBack) {
    if (pod) return removal(pod, sight.node);
    return { do: "requeue", detail: "Waits for another node: the one before did not take it." };
  }
  const endMs = job.statusSinceMs + limits.preparingMinutes * 60_000;
  const isLate = nowMs >= endMs;
  if (booking.podUid === undefined) {
    if (isLate) return tooLate(job, limits);
    if (!sight.isNameTaken) return { do: "make_pod" };
    const detail = `Waits until the name ${booking.podName} is free: another pod has it.`;
    return { do: "wait", seconds: SOON_SECONDS, detail };
  }
  if (!pod) return endOfLost(sight.node);
  if (wasRefusedByNode(pod)) {
    if (job.generation >= limits.maxGenerations) {
      return fail("refused", `Nodes refused its pod ${job.generation} times: ${pod.message}`);
    }
    const detail = `Its node did not take it (${pod.reason}); it goes to another one.`;
    return { do: "give_back", uid: pod.uid, detail };
  }
  const { hasFiles } = job.chores;
  if (pod.hasStarted && (pod.ended || (pod.isReady && hasFiles))) {
    const nodeIp = sight.node?.externalIp ?? (pod.hostIp || null);
    return { do: "activate", nodeIp, detail: runs(job) };
  }
  const end = endOf(job, pod);
  if (end) return end;
  const trouble = pod.waiting && containerTrouble(pod.waiting);
  if (trouble?.weight === "fatal") return fail("image_refused", trouble.sentence);
  // its Secrets or its port; the pod itself is not made again
  if (!hasFiles) return isLate ? tooLate(job, limits, pod) : { do: "make_pod" };
  if (trouble?.weight === "doubtful") {
    const sinceMs = Math.max(job.statusSinceMs, pod.scheduledAtMs ?? job.statusSinceMs);
    const untilMs = sinceMs + limits.imageGraceSeconds * 1000;
    if (nowMs >= untilMs) return fail("image_refused", trouble.sentence);
    // its Secret is made a moment after its pod, which a quick kubelet remarks upon
    const isSettingUp = pod.waiting?.reason === "CreateContainerConfigError";
    const told = isSettingUp ? progressOf(pod) : troubleOf(trouble, job, pod);
    return { do: "wait", seconds: secondsUntil(untilMs, nowMs), ...told };
  }
  if (isLate) return tooLate(job, limits);
  const told = trouble ? troubleOf(trouble, job, pod) : progressOf(pod);
  const seconds = Math.min(secondsUntil(endMs, nowMs), LOOK_AGAIN_SECONDS);
  return { do: "wait", seconds, ...told };
}

type Told = Pick<Wait, "detail" | "kind" | "words">;

function troubleOf(
  { sentence: detail, pull }: ContainerTrouble,
  { detail: before }: JobView,
  { waiting }: PodSight,
): Told {
  if (pull === undefined) return { detail };
  // the try that it waits after was told, with its reason, which most nodes leave out by then
  if (pull === "pausing" && before?.startsWith(PULLS)) return {};
  return { kind: "pull_failed", detail, words: waiting?.message };
}

function progressOf({ unscheduled, nodeName }: PodSight): Told {
  if (unscheduled !== undefined) {
    const detail = explainUnscheduled(unscheduled);
    return { kind: "unscheduled", detail, words: unscheduled };
  }
  if (nodeName === "") return { detail: "Its pod is made; the cluster brings it to its node." };
  const detail = `Its pod starts on ${nodeName}: the image is pulled, unless it is there already.`;
  return { kind: "starting", detail };
}

function tooLate({ detail }: JobView, { preparingMinutes }: Limits, pod?: PodSight): Step {
  const last = detail === undefined ? "" : ` Last: ${detail}`;
  const words = pod?.hasStarted ? "It runs, but it could not be opened" : "It did not start";
  return fail("too_late", `${words} within ${preparingMinutes} minutes.${last}`);
}

function active(
  job: JobView,
  pod: PodSight | undefined,
  { node }: Sight,
  limits: Limits,
  nowMs: number,
): Step {
  if (!pod) return endOfLost(node);
  const isLost = node !== undefined && !node.isReady;
  const end = endOf(job, pod);
  if (end) return end;
  const expiry = expiryOf(job, limits, nowMs);
  if ("do" in expiry) return expiry;
  if (!isLost) {
    const chore = choreOf(job.chores, nowMs);
    if ("do" in chore) return chore;
    const atMs = Math.min(expiry.atMs, chore.atMs);
    const seconds = Math.min(secondsUntil(atMs, nowMs), LOOK_AGAIN_SECONDS);
    return { do: "wait", seconds, detail: runs(job) };
  }
  const sinceMs = node.sinceMs ?? nowMs;
  const untilMs = sinceMs + limits.nodeLostSeconds * 1000;
  if (nowMs >= untilMs && (node.sinceMs !== undefined || !node.isThere)) {
    return fail("node_lost", "Its node does not answer any more.");
  }
  const detail = `Unreachable: its node ${job.booking?.nodeName ?? ""} does not answer. It ends unless the node comes back.`;
  return {
    do: "wait",
    seconds: Math.min(secondsUntil(untilMs, nowMs), secondsUntil(expiry.atMs, nowMs)),
    detail,
  };
}

/** Who did not think of it learns it while there is time. */
const runs = ({ diskName }: Pick<JobView, "diskName">): string =>
  diskName === undefined
    ? "Runs. It has no disk: what is in /home/dev goes with it."
    : `Runs. /home/dev is on its disk ${diskName}.`;

function ending(job: JobView, pod: PodSight | undefined, { node }: Sight): Step {
  const as = job.endAs ?? "failed";
  if (!pod) return { do: "finish", as };
  if (!job.hasLog && pod.hasStarted) return { do: "keep_log" };
  return removal(pod, node);
}

/** A pod whose node is no more has nobody to end it but the API server. */
function removal(pod: PodSight, node: NodeSight | undefined): Step {
  const isForced = node?.isThere === false;
  if (!pod.isEnding || isForced) return { do: "remove_pod", uid: pod.uid, isForced };
  const detail =
    node?.isReady === false
      ? "Ends when its node answers again, or is taken away."
      : "Ends: its processes have been told to stop.";
  return { do: "wait", seconds: SOON_SECONDS, detail };
}

const secondsUntil = (atMs: number, nowMs: number): number => Math.max(0, (atMs - nowMs) / 1000);
