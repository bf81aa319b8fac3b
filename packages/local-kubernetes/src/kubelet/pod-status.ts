/** A pod's status as a kubelet writes it, made of what its containers do. */
import { type Condition, type Json, type PodObject, type PodStatus, timeOf } from "../objects.ts";

/** What one container does now. */
export type ContainerPhase =
  | { readonly is: "waiting"; readonly reason: string; readonly message?: string }
  | { readonly is: "running"; readonly startedMs: number; readonly isReady: boolean }
  | {
      readonly is: "terminated";
      readonly startedMs: number | undefined;
      readonly finishedMs: number;
      readonly exitCode: number;
      readonly reason: string;
    };

/** What the whole pod ended by, where it was not its containers' own end. */
export interface PodEnd {
  readonly reason: string;
  readonly message: string;
}

export interface StatusParts {
  readonly pod: PodObject;
  readonly phases: readonly ContainerPhase[];
  readonly podIP: string;
  readonly startedMs: number;
  readonly end: PodEnd | undefined;
  readonly nowMs: number;
}

export function statusOf(parts: StatusParts): PodStatus {
  const { pod, phases, podIP, startedMs, end, nowMs } = parts;
  const isReady = phases.every((phase) => phase.is === "running" && phase.isReady);
  const phase = phaseOf(phases, end);
  const isOver = phase === "Succeeded" || phase === "Failed";
  const ready = isReady
    ? { status: "True" }
    : isOver
      ? { status: "False", reason: "PodCompleted" }
      : { status: "False", reason: "ContainersNotReady" };
  const conditions = [
    { type: "Initialized", status: "True" },
    { type: "Ready", ...ready },
    { type: "ContainersReady", ...ready },
  ];
  return {
    ...pod.status,
    phase,
    ...(end !== undefined && { reason: end.reason, message: end.message }),
    conditions: mergeConditions(pod.status.conditions ?? [], conditions, nowMs),
    hostIP: "127.0.0.1",
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: timeOf(startedMs),
    ...((pod.spec.initContainers?.length ?? 0) > 0 && {
      initContainerStatuses: pod.spec.initContainers?.map(({ name, image }) => ({
        name,
        image,
        imageID: "",
        ready: true,
        restartCount: 0,
        state: {
          terminated: {
            exitCode: 0,
            reason: "Completed",
            startedAt: timeOf(startedMs),
            finishedAt: timeOf(startedMs),
          },
        },
        lastState: {},
      })),
    }),
    containerStatuses: pod.spec.containers.map(({ name, image }, index) => {
      const state = phases[index];
      return {
        name,
        image,
        imageID: "",
        ready: state?.is === "running" && state.isReady,
        started: state?.is === "running",
        restartCount: 0,
        state: state === undefined ? {} : stateOf(state),
        lastState: {},
      };
    }),
  };
}

function phaseOf(phases: readonly ContainerPhase[], end: PodEnd | undefined): string {
  if (end !== undefined) return "Failed";
  if (phases.every(({ is }) => is === "terminated")) {
    const isFine = phases.every((phase) => phase.is === "terminated" && phase.exitCode === 0);
    return isFine ? "Succeeded" : "Failed";
  }
  return phases.some(({ is }) => is === "waiting") ? "Pending" : "Running";
}

function stateOf(phase: ContainerPhase): Json {
  switch (phase.is) {
    case "waiting":
      return {
        waiting: { reason: phase.reason, ...(phase.message && { message: phase.message }) },
      };
    case "running":
      return { running: { startedAt: timeOf(phase.startedMs) } };
    case "terminated":
      return {
        terminated: {
          exitCode: phase.exitCode,
          reason: phase.reason,
          startedAt: phase.startedMs === undefined ? null : timeOf(phase.startedMs),
          finishedAt: timeOf(phase.finishedMs),
        },
      };
  }
}

/** A condition's time is that of its last change. */
export function mergeConditions(
  before: readonly Condition[],
  after: readonly Condition[],
  nowMs: number,
): Condition[] {
  const types = new Set(after.map(({ type }) => type));
  return [
    ...after.map((condition) => {
      const old = before.find(({ type }) => type === condition.type);
      const isSame = old?.status === condition.status && old.lastTransitionTime !== undefined;
      const lastTransitionTime = isSame ? old.lastTransitionTime : timeOf(nowMs);
      return { lastProbeTime: null, ...condition, lastTransitionTime };
    }),
    ...before.filter(({ type }) => !types.has(type)),
  ] as Condition[];
}
