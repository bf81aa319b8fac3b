/** The pod of a job. User strings stand in annotations and the image's field, all others in its Secret. */
import type { Manifest } from "../cluster/index.ts";
import {
  annotationsOf,
  JOB_CONTAINER,
  labelsOf,
  type PodIdentity,
  secretNameOf,
} from "./pod-names.ts";
import { startScript } from "./start-script.ts";

export interface PodWish extends PodIdentity {
  readonly podName: string;
  readonly nodeName: string;
  readonly image: string;
  readonly owner: string;
  /** What its owner calls it. */
  readonly name: string | null;
  readonly hasCommand: boolean;
  readonly keep: boolean;
  readonly gpus: number;
  /** Such as nvidia.com/gpu. */
  readonly resourceName: string;
  readonly cpuMillis: number;
  readonly memoryMib: number;
}

/** - baseline: the image's own user, as for images that need root. */
export type PodSecurity = "restricted" | "baseline";

export interface PodRules {
  readonly security: PodSecurity;
  /** Longest life of any pod, pulls included; it cannot be made longer later. */
  readonly maxLifeSeconds: number;
  /** How long a pod stays with a node that does not answer. */
  readonly nodeLostSeconds: number;
}

const GRACE_SECONDS = 30;
/** Of images that name no user, or root. */
const USER = 1000;

export function podManifest(wish: PodWish, rules: PodRules): Manifest {
  const { podName, nodeName, owner, name } = wish;
  return {
    metadata: {
      name: podName,
      labels: labelsOf(wish),
      annotations: {
        ...annotationsOf(wish),
        "airlock/owner": owner,
        ...(name !== null && { "airlock/name": name }),
      },
    },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      activeDeadlineSeconds: rules.maxLifeSeconds,
      securityContext: podSecurity(rules.security),
      affinity: onlyOn(nodeName),
      tolerations: tolerationsOf(wish, rules),
      containers: [containerOf(wish, rules.security)],
      volumes: [
        { name: "home", emptyDir: {} },
        { name: "workspace", emptyDir: {} },
        { name: "shm", emptyDir: { medium: "Memory", sizeLimit: `${shmMib(wish)}Mi` } },
      ],
    },
  };
}

/** It counts as the container's memory. */
const shmMib = ({ memoryMib }: PodWish): number => Math.max(1, Math.floor(memoryMib / 2));

function containerOf(wish: PodWish, security: PodSecurity) {
  const amounts = {
    memory: `${wish.memoryMib}Mi`,
    ...(wish.gpus > 0 && { [wish.resourceName]: String(wish.gpus) }),
  };
  return {
    name: JOB_CONTAINER,
    image: wish.image,
    command: ["/bin/sh", "-c", startScript(wish)],
    workingDir: "/workspace",
    envFrom: [{ secretRef: { name: secretNameOf(wish.podName, wish) } }],
    // CPU that nobody else uses is nobody's loss; memory is
    resources: { requests: { ...amounts, cpu: `${wish.cpuMillis}m` }, limits: amounts },
    securityContext: {
      allowPrivilegeEscalation: security === "baseline",
      ...(security === "restricted" && { capabilities: { drop: ["ALL"] } }),
    },
    volumeMounts: [
      { name: "home", mountPath: "/home/dev" },
      { name: "workspace", mountPath: "/workspace" },
      { name: "shm", mountPath: "/dev/shm" },
    ],
  };
}

const podSecurity = (security: PodSecurity) => ({
  seccompProfile: { type: "RuntimeDefault" },
  fsGroup: USER,
  ...(security === "restricted" && { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER }),
});

/** By the scheduler, which sees to it that there is room; `nodeName` would pass it by. */
const onlyOn = (nodeName: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] },
      ],
    },
  },
});

const tolerationsOf = ({ gpus, resourceName }: PodWish, { nodeLostSeconds }: PodRules) => [
  ...(gpus > 0 ? [{ key: resourceName, operator: "Exists" }] : []),
  // its job is ended before the cluster takes it away
  ...["not-ready", "unreachable"].map((trouble) => ({
    key: `node.kubernetes.io/${trouble}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: 2 * nodeLostSeconds,
  })),
];
