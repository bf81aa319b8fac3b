/** Items 20–26: who may talk to whom. */
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IService } from "kubernetes-models/v1/Service";
import { jobPodsOf, READER_POD_LABELS } from "../job-pods.ts";
import type { K8sObject } from "../objects.ts";
import { type Endpoint, mayTalk, policiesFor } from "../reachability.ts";
import { objectRule, type Rule } from "../rule.ts";
import { ofKind, type World, workloads } from "../world.ts";
import {
  AUX_PEERS,
  flowsOf,
  GATEWAY_PEERS,
  JOB_POD_PEERS,
  JOBS_PEERS,
  PROCESSOR_PEERS,
  SIGNING_GATEWAY_PEERS,
} from "./flows.ts";
import { signs } from "./signing.ts";

/** Addresses with credentials behind them: instance metadata, container credentials, Pod Identity. */
const METADATA = [
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "fd00:ec2::254",
  "fd00:ec2::23",
];
/** EKS Pod Identity's agent, by IPv4 and IPv6, may be reached where that component is in use; it gives a pod its own role only. */
const AGENT = ["169.254.170.23", "fd00:ec2::23"];

export const networkRules: readonly Rule[] = [
  objectRule(
    "default-deny",
    20,
    [
      "kube-score pod-networkpolicy",
      "polaris missingNetworkPolicy",
      "kube-linter non-isolated-pod",
    ],
    ["Namespace"],
    ({ metadata }, world) => {
      const isDenied = ofKind<INetworkPolicy>(world, "NetworkPolicy").some(
        ({ metadata: { namespace }, spec }) => {
          const isForAll = Object.keys(spec?.podSelector ?? { no: 1 }).length === 0;
          const types = spec?.policyTypes ?? [];
          const isEmpty = !spec?.ingress?.length && !spec?.egress?.length;
          return (
            namespace === metadata.name &&
            isForAll &&
            isEmpty &&
            types.includes("Ingress") &&
            types.includes("Egress")
          );
        },
      );
      return !isDenied && "must have a NetworkPolicy that denies ingress and egress by default";
    },
  ),
  peersRule("gateway-ingress", 21, "gateway", "ingress", GATEWAY_PEERS.ingress),
  peersRule("gateway-egress", 22, "gateway", "egress", GATEWAY_PEERS.egress, (world) =>
    signs(world) ? SIGNING_GATEWAY_PEERS : [],
  ),
  peersRule("aux-ingress", 23, "aux", "ingress", AUX_PEERS.ingress),
  peersRule("jobs-ingress", 23, "jobs", "ingress", JOBS_PEERS.ingress),
  peersRule("processor-ingress", 23, "processor", "ingress", PROCESSOR_PEERS.ingress),
  peersRule("job-pods-ingress", 23, "gpu-job", "ingress", JOB_POD_PEERS.ingress),
  peersRule("reader-pods-ingress", 23, "gpu-disk-content", "ingress", []),
  peersRule("reader-pods-egress", 24, "gpu-disk-content", "egress", []),
  peersRule("aux-egress", 24, "aux", "egress", AUX_PEERS.egress),
  peersRule("jobs-egress", 24, "jobs", "egress", JOBS_PEERS.egress),
  peersRule("processor-egress", 24, "processor", "egress", PROCESSOR_PEERS.egress),
  peersRule("job-pods-egress", 24, "gpu-job", "egress", JOB_POD_PEERS.egress),
  {
    id: "metadata-address",
    item: 24,
    linters: [],
    check(world, report) {
      const policies = ofKind<INetworkPolicy>(world, "NetworkPolicy");
      const hasAgent = (service: string | undefined) =>
        (service === "aux" || (service === "gateway" && signs(world))) &&
        policies.some(({ metadata }) => metadata.name === `${service}-to-pod-identity-agent`);
      for (const { service, object, ...pod } of podsOf(world)) {
        for (const ip of METADATA) {
          if (AGENT.includes(ip) && hasAgent(service)) continue;
          const isOpen = [80, 443].some((port) =>
            mayTalk(world, pod, { ip }, { protocol: "TCP", port }),
          );
          if (isOpen) report(object, `must not reach the metadata address ${ip}`);
        }
      }
    },
  },
  objectRule<INetworkPolicy>(
    "dangling-policy",
    25,
    ["kube-linter dangling-networkpolicy", "kube-score networkpolicy-targets-pod"],
    ["NetworkPolicy"],
    (policy, world) => {
      const isUsed = podsOf(world).some((pod) => policiesFor(world, pod).includes(policy));
      return !isUsed && "must select a pod that exists";
    },
  ),
  objectRule<IService>(
    "cluster-ip",
    26,
    ["kube-score service-type", "kube-linter exposed-services"],
    ["Service"],
    ({ spec }) =>
      ((spec?.type ?? "ClusterIP") !== "ClusterIP" || spec?.externalIPs || spec?.loadBalancerIP) &&
      "must be of type ClusterIP without external addresses",
  ),
];

interface Pods extends Endpoint {
  readonly service: string | undefined;
  /** What faults of theirs are told of. */
  readonly object: K8sObject;
}

/** All pods there will be: those of workloads, those of jobs, and those that read disks. */
function podsOf(world: World): Pods[] {
  const jobPods = jobPodsOf(world);
  const home = ofKind(world, "Namespace").find(
    ({ metadata }) => metadata.name === jobPods.namespace,
  );
  const made = [
    { ...jobPods, service: "gpu-job" },
    { ...jobPods, labels: READER_POD_LABELS, service: "gpu-disk-content" },
  ];
  return [...workloads(world), ...(home ? made.map((pods) => ({ ...pods, object: home })) : [])];
}

/** Every peer of the policies that hold for a service's pods must be one of the known flows. */
function peersRule(
  id: string,
  item: number,
  service: string,
  direction: "ingress" | "egress",
  known: readonly RegExp[],
  alsoKnown: (world: World) => readonly RegExp[] = () => [],
): Rule {
  return {
    id,
    item,
    linters: ["kube-score pod-networkpolicy"],
    check(world, report) {
      const pods = podsOf(world).filter((one) => one.service === service);
      const patterns = [...known, ...alsoKnown(world)];
      for (const policy of new Set(pods.flatMap((pod) => policiesFor(world, pod)))) {
        const stranger = flowsOf(policy, direction).find(
          (flow) => !patterns.some((pattern) => pattern.test(flow)),
        );
        const way = direction === "egress" ? "egress to" : "ingress from";
        if (stranger) report(policy as K8sObject, `must not allow ${way} ${stranger}`);
      }
    },
  };
}
