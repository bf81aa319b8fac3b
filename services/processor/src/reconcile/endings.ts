/** What it means for a job that its pod, or its container, is over. */
import type { BookingView, JobView } from "./job-view.ts";
import type { NodeSight, PodSight } from "./sight.ts";
import { type End, fail } from "./step.ts";

/** The node refused it: there was no room, or none any more. Elsewhere it may run. */
const REFUSED_BY_NODE = /^(OutOf|UnexpectedAdmissionError|NodeAffinity|InsufficientResource)/;

export const wasRefusedByNode = ({ phase, reason, hasStarted }: PodSight): boolean =>
  phase === "Failed" && !hasStarted && REFUSED_BY_NODE.test(reason);

/** Undefined while it goes on. */
export function endOf(job: JobView, pod: PodSight): End | undefined {
  const byCluster = endByCluster(pod);
  if (byCluster) return byCluster;
  const { ended } = pod;
  if (ended) return endOfContainer(job, ended);
  if (pod.phase === "Failed") {
    const words = [pod.reason, pod.message].filter(Boolean).join(": ");
    return fail("pod_failed", `Its pod failed: ${words || "no reason was given"}.`);
  }
  // a container's status may come after the pod's
  return pod.phase === "Succeeded" ? endOfContainer(job, NO_STATUS) : undefined;
}

const NO_STATUS = { exitCode: 0, reason: "Completed", message: "", container: "" };

function endByCluster({ reason, message, isEnding, disruption, phase }: PodSight): End | undefined {
  const words = message || disruption?.message || "no reason was given";
  if (reason === "Evicted") return fail("evicted", `Its node put it out: ${sentence(words)}`);
  if (/^(Preempting|Preempted)$/.test(reason)) {
    return fail("evicted", "The cluster took its node for a pod that goes before it.");
  }
  if (/^(Terminated|Shutdown|NodeShutdown)$/.test(reason)) {
    return fail("evicted", "Its node was shut down.");
  }
  if (reason === "DeadlineExceeded") {
    return { do: "end", as: "expired", kind: "expired", reason: "Its longest life is over." };
  }
  if (phase === "Failed" && disruption) return disrupted(disruption.reason);
  if (!isEnding) return undefined;
  return disruption ? disrupted(disruption.reason) : deletedByHand();
}

const DISRUPTIONS: Readonly<Record<string, string>> = {
  PreemptionByScheduler: "The cluster took its node for a pod that goes before it.",
  DeletionByTaintManager:
    "Its node stopped answering or was closed, and the cluster ended its pod.",
  EvictionByEvictionAPI: "Its node was emptied, as for maintenance.",
  DeletionByPodGC: "Its node is gone.",
  TerminationByKubelet: "Its node ended it, being short of something or shut down.",
};

const disrupted = (reason: string): End =>
  fail("evicted", DISRUPTIONS[reason] ?? `The cluster ended its pod (${reason}).`);

export const deletedByHand = (): End =>
  fail("pod_deleted", "Its pod was deleted by somebody else than Airlock.");

function endOfContainer(
  { hasCommand, keep, booking }: JobView,
  { exitCode, reason, message, container }: NonNullable<PodSight["ended"]>,
): End {
  if (reason === "OOMKilled") {
    return fail("out_of_memory", outOfMemory(booking), { exitCode, oomContainer: container });
  }
  if (/^(StartError|ContainerCannotRun|CreateContainerError|RunContainerError)$/.test(reason)) {
    const words = sentence(message || reason);
    return fail("not_started", `The image's container could not be started: ${words}`);
  }
  if (!hasCommand || keep) {
    return fail("pod_ended", `Its container ended by itself, with exit code ${exitCode}.`, {
      exitCode,
    });
  }
  if (exitCode === 0) return { do: "end", as: "completed", kind: "command_ended", exitCode };
  return fail("command_ended", `The command ended with exit code ${exitCode}.`, { exitCode });
}

const outOfMemory = (booking: BookingView | undefined): string =>
  `It ran out of memory${booking ? ` (it had ${booking.memoryMib} MiB)` : ""}.`;

/** Its pod was there once, and is not now. */
export function endOfLost(node: NodeSight | undefined): End {
  if (node?.isAnother)
    return fail("node_restarted", "Its pod is gone: this machine was restarted.");
  if (node?.isThere === false) return fail("node_lost", "Its node is gone, and its pod with it.");
  return deletedByHand();
}

const MAX_LENGTH = 300;

function sentence(words: string): string {
  const line = words.trim().replaceAll(/\s+/g, " ").replace(/\.$/, "");
  return `${line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line}.`;
}
