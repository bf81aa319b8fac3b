/** The pod of a job. User strings stand in annotations and the image's field, all others in its Secrets. */
import type { Manifest } from "../cluster/index.ts";
import { mountsOf, SSH_PORT, startOf, toolsContainers, volumesOf } from "./box.ts";
import {
  annotationsOf,
  environmentNameOf,
  JOB_CONTAINER,
  labelsOf,
  selectorOf,
} from "./pod-names.ts";
import type { PodRules, PodSecurity, PodWish } from "./pod-wish.ts";

const GRACE_SECONDS = 30;
/** Of images that name no user, or root. */
const USER = 1000;

export function podManifest(wish: PodWish, rules: PodRules): Manifest {
  const { podName, nodeName, owner, name } = wish;
  return {
    metadata: {
      name: podName,
      labels: { ...rules.labels, ...labelsOf(wish), ...selectorOf(podName, wish) },
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
      ...(nodeName !== null && { affinity: onlyOn(nodeName) }),
      ...(rules.schedulingGates.length > 0 && {
        schedulingGates: rules.schedulingGates.map((gate) => ({ name: gate })),
      }),
      tolerations: tolerationsOf(wish, rules),
      ...toolsContainers(rules, containerSecurity(rules.security)),
      containers: [containerOf(wish, rules)],
      volumes: volumesOf(wish, rules),
    },
  };
}

function containerOf(wish: PodWish, rules: PodRules) {
  const amounts = {
    memory: `${wish.memoryMib}Mi`,
    ...(wish.gpus > 0 && { [wish.resourceName]: String(wish.gpus) }),
  };
  return {
    name: JOB_CONTAINER,
    image: wish.image,
    ...startOf(wish, rules),
    workingDir: "/workspace",
    ports: [{ name: "ssh", containerPort: SSH_PORT }],
    envFrom: [{ secretRef: { name: environmentNameOf(wish.podName, wish) } }],
    // CPU that nobody else uses is nobody's loss; memory is
    resources: { requests: { ...amounts, cpu: `${wish.cpuMillis}m` }, limits: amounts },
    securityContext: containerSecurity(rules.security),
    volumeMounts: mountsOf(rules),
  };
}

export const containerSecurity = (security: PodSecurity) => ({
  allowPrivilegeEscalation: security === "baseline",
  ...(security === "restricted" && { capabilities: { drop: ["ALL"] } }),
});

export const podSecurity = (security: PodSecurity) => ({
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
