/** From an object as the server tells it to what the processor reads of it, so that memory is bounded. */
import type {
  Claim,
  Condition,
  ContainerState,
  ContainerStatus,
  KubeEvent,
  KubeNode,
  Meta,
  Pod,
  PodContainer,
  Secret,
  Service,
  Snapshot,
} from "./objects.ts";
import { listOf, numberOf, optional, type Raw, rawOf, textMapOf, textOf, textsOf } from "./raw.ts";

/** kubectl keeps a copy of the whole object in it. */
const COPY = "kubectl.kubernetes.io/last-applied-configuration";
/** Words of others are as long as they like: a webhook's, a runtime's. */
const MESSAGE_LENGTH = 1024;

const messageOf = (value: unknown): string => textOf(value).slice(0, MESSAGE_LENGTH);

export function stripMeta(value: unknown): Meta {
  const raw = rawOf(value);
  const { [COPY]: _copy, ...annotations } = textMapOf(raw.annotations);
  return {
    name: textOf(raw.name),
    ...optional("namespace", raw.namespace),
    uid: textOf(raw.uid),
    resourceVersion: textOf(raw.resourceVersion),
    creationTimestamp: textOf(raw.creationTimestamp),
    ...optional("deletionTimestamp", raw.deletionTimestamp),
    labels: textMapOf(raw.labels),
    annotations,
    ownerReferences: listOf(raw.ownerReferences).map((owner) => ({
      apiVersion: textOf(owner.apiVersion),
      kind: textOf(owner.kind),
      name: textOf(owner.name),
      uid: textOf(owner.uid),
    })),
  };
}

export function stripPod(raw: Raw): Pod {
  const spec = rawOf(raw.spec);
  const status = rawOf(raw.status);
  return {
    metadata: stripMeta(raw.metadata),
    spec: {
      nodeName: textOf(spec.nodeName),
      containers: listOf(spec.containers).map(stripContainer),
      initContainers: listOf(spec.initContainers).map(stripContainer),
    },
    status: {
      phase: textOf(status.phase),
      reason: textOf(status.reason),
      message: messageOf(status.message),
      podIP: textOf(status.podIP),
      hostIP: textOf(status.hostIP),
      ...optional("startTime", status.startTime),
      conditions: listOf(status.conditions).map(stripCondition),
      containerStatuses: listOf(status.containerStatuses).map(stripContainerStatus),
      initContainerStatuses: listOf(status.initContainerStatuses).map(stripContainerStatus),
    },
  };
}

function stripContainer(raw: Raw): PodContainer {
  const resources = rawOf(raw.resources);
  return {
    name: textOf(raw.name),
    image: textOf(raw.image),
    requests: textMapOf(resources.requests),
    limits: textMapOf(resources.limits),
  };
}

function stripContainerStatus(raw: Raw): ContainerStatus {
  return {
    name: textOf(raw.name),
    ready: raw.ready === true,
    restartCount: numberOf(raw.restartCount),
    state: stripState(rawOf(raw.state)),
    lastState: stripState(rawOf(raw.lastState)),
  };
}

function stripState({ waiting, running, terminated }: Raw): ContainerState {
  if (waiting !== undefined) {
    const { reason, message } = rawOf(waiting);
    return { waiting: { reason: textOf(reason), message: messageOf(message) } };
  }
  if (running !== undefined) {
    return { running: optional("startedAt", rawOf(running).startedAt) };
  }
  if (terminated === undefined) return {};
  const end = rawOf(terminated);
  return {
    terminated: {
      exitCode: numberOf(end.exitCode),
      signal: numberOf(end.signal),
      reason: textOf(end.reason),
      message: messageOf(end.message),
      ...optional("startedAt", end.startedAt),
      ...optional("finishedAt", end.finishedAt),
    },
  };
}

function stripCondition(raw: Raw): Condition {
  return {
    type: textOf(raw.type),
    status: textOf(raw.status),
    reason: textOf(raw.reason),
    message: messageOf(raw.message),
    ...optional("lastTransitionTime", raw.lastTransitionTime),
  };
}

export function stripNode(raw: Raw): KubeNode {
  const spec = rawOf(raw.spec);
  const status = rawOf(raw.status);
  const { annotations: _of_drivers, ...metadata } = stripMeta(raw.metadata);
  return {
    metadata: { ...metadata, annotations: {} },
    spec: {
      unschedulable: spec.unschedulable === true,
      taints: listOf(spec.taints).map(({ key, value, effect }) => ({
        key: textOf(key),
        value: textOf(value),
        effect: textOf(effect),
      })),
    },
    status: {
      capacity: textMapOf(status.capacity),
      allocatable: textMapOf(status.allocatable),
      conditions: listOf(status.conditions).map(stripCondition),
      addresses: listOf(status.addresses).map(({ type, address }) => ({
        type: textOf(type),
        address: textOf(address),
      })),
    },
  };
}

export const stripSecret = (raw: Raw): Secret => ({ metadata: stripMeta(raw.metadata) });

export function stripService(raw: Raw): Service {
  const spec = rawOf(raw.spec);
  return {
    metadata: stripMeta(raw.metadata),
    spec: {
      type: textOf(spec.type),
      clusterIP: textOf(spec.clusterIP),
      ports: listOf(spec.ports).map(({ name, port, nodePort }) => ({
        name: textOf(name),
        port: numberOf(port),
        nodePort: numberOf(nodePort),
      })),
    },
  };
}

export function stripClaim(raw: Raw): Claim {
  const spec = rawOf(raw.spec);
  const status = rawOf(raw.status);
  return {
    metadata: stripMeta(raw.metadata),
    spec: {
      storageClassName: textOf(spec.storageClassName),
      volumeName: textOf(spec.volumeName),
      accessModes: textsOf(spec.accessModes),
      requests: textMapOf(rawOf(spec.resources).requests),
    },
    status: {
      phase: textOf(status.phase),
      capacity: textMapOf(status.capacity),
      conditions: listOf(status.conditions).map(stripCondition),
    },
  };
}

export function stripSnapshot(raw: Raw): Snapshot {
  const status = rawOf(raw.status);
  return {
    metadata: stripMeta(raw.metadata),
    status: {
      ...optional("creationTime", status.creationTime),
      readyToUse: status.readyToUse === true,
      restoreSize: textOf(status.restoreSize),
      error: messageOf(rawOf(status.error).message),
    },
  };
}

export function stripEvent(raw: Raw): KubeEvent {
  const involved = rawOf(raw.involvedObject);
  const series = rawOf(raw.series);
  const metadata = stripMeta(raw.metadata);
  // which of them is set depends on who wrote it, and by which of two APIs
  const times = [
    series.lastObservedTime,
    raw.lastTimestamp,
    raw.eventTime,
    raw.firstTimestamp,
    metadata.creationTimestamp,
  ];
  return {
    metadata,
    involvedObject: {
      kind: textOf(involved.kind),
      name: textOf(involved.name),
      uid: textOf(involved.uid),
    },
    type: textOf(raw.type),
    reason: textOf(raw.reason),
    message: messageOf(raw.message),
    count: numberOf(series.count) || numberOf(raw.count) || 1,
    at: times.map(textOf).find((time) => time !== "") ?? "",
  };
}
