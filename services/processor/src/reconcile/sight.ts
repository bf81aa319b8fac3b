/** What the cluster shows of a job: its pod, in the words that decisions need, and its node. */
import type { Condition, ContainerStatus, KubeNode, Pod } from "../cluster/index.ts";
import { JOB_CONTAINER } from "../pod/pod-names.ts";

export interface Sight {
  readonly pod: PodSight | undefined;
  /** Something else has the pod's name. */
  readonly isNameTaken: boolean;
  /** Undefined: not known. */
  readonly node: NodeSight | undefined;
}

export interface NodeSight {
  readonly isThere: boolean;
  /** It made itself heard lately. */
  readonly isReady: boolean;
  /** It came into being after the booking, under a name that it shares with the one before. */
  readonly isAnother: boolean;
  /** When its readiness changed last, in milliseconds since 1970. */
  readonly sinceMs: number | undefined;
  /** Where people reach it, if that is another one than the cluster's own. */
  readonly externalIp: string | undefined;
}

export interface PodSight {
  readonly uid: string;
  readonly generation: number;
  /** Somebody has deleted it. */
  readonly isEnding: boolean;
  readonly phase: string;
  /** Of the whole pod, such as Evicted. */
  readonly reason: string;
  readonly message: string;
  readonly nodeName: string;
  readonly hostIp: string;
  readonly isReady: boolean;
  /** The job's own container runs or ran. */
  readonly hasStarted: boolean;
  /** Why no node takes it, in the scheduler's words. */
  readonly unscheduled: string | undefined;
  /** When it got its node, in milliseconds since 1970. */
  readonly scheduledAtMs: number | undefined;
  readonly waiting: Words | undefined;
  readonly ended: Ended | undefined;
  /** Why the cluster ends it, such as PreemptionByScheduler. */
  readonly disruption: Words | undefined;
}

export interface Words {
  readonly reason: string;
  readonly message: string;
}

export interface Ended extends Words {
  readonly exitCode: number;
  readonly container: string;
}

export function podSightOf(pod: Pod, generation: number): PodSight {
  const { status, spec, metadata } = pod;
  const condition = (type: string) => status.conditions.find((one) => one.type === type);
  const own = status.containerStatuses.find(({ name }) => name === JOB_CONTAINER);
  const all = [...status.initContainerStatuses, ...status.containerStatuses];
  const scheduled = condition("PodScheduled");
  const disruption = condition("DisruptionTarget");
  return {
    uid: metadata.uid,
    generation,
    isEnding: metadata.deletionTimestamp !== undefined,
    phase: status.phase,
    reason: status.reason,
    message: status.message,
    nodeName: spec.nodeName,
    hostIp: status.hostIP,
    isReady: isTrue(condition("Ready")),
    hasStarted: own?.state.running !== undefined || endedOf(own)?.hasRun === true,
    unscheduled: scheduled?.status === "False" ? scheduled.message || scheduled.reason : undefined,
    scheduledAtMs: isTrue(scheduled) ? timeOf(scheduled?.lastTransitionTime) : undefined,
    waiting: all.map(({ state }) => state.waiting).find((waiting) => waiting !== undefined),
    ended: all.map(endedOf).find((ended) => ended !== undefined && isTelling(ended, own))?.ended,
    disruption: isTrue(disruption) ? disruption : undefined,
  };
}

interface EndedContainer {
  readonly ended: Ended;
  readonly hasRun: boolean;
}

/** What the container runtime says of a program that it could not even start. */
const NEVER_RAN = /^(StartError|ContainerCannotRun|CreateContainerError|RunContainerError)$/;

function endedOf(container: ContainerStatus | undefined): EndedContainer | undefined {
  const { terminated } = container?.state ?? {};
  if (container === undefined || terminated === undefined) return undefined;
  const { exitCode, reason, message } = terminated;
  return {
    ended: { exitCode, reason, message, container: container.name },
    hasRun: !NEVER_RAN.test(reason),
  };
}

/** An init container that did its work is no end. */
const isTelling = ({ ended }: EndedContainer, own: ContainerStatus | undefined): boolean =>
  ended.container === own?.name || ended.exitCode !== 0;

const isTrue = (condition: Condition | undefined): condition is Condition =>
  condition?.status === "True";

function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

/** Long enough without a word that Kubernetes itself calls it unreachable. */
export function nodeSightOf(node: KubeNode | undefined, isAnother: boolean): NodeSight {
  const ready = node?.status.conditions.find(({ type }) => type === "Ready");
  return {
    isThere: node !== undefined,
    isReady: isTrue(ready),
    isAnother,
    sinceMs: timeOf(ready?.lastTransitionTime),
    externalIp: node?.status.addresses.find(({ type }) => type === "ExternalIP")?.address,
  };
}
