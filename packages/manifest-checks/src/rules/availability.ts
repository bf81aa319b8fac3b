/** Items 28–33: enough pods, spread out, replaced one at a time. */
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { objectRule, podRule, type Rule } from "../rule.ts";
import { ofKind, type World } from "../world.ts";

const autoscalerOf = (world: World, name: string) =>
  ofKind<IHorizontalPodAutoscaler>(world, "HorizontalPodAutoscaler").find(
    ({ spec }) => spec?.scaleTargetRef.name === name,
  );

export const availabilityRules: readonly Rule[] = [
  objectRule<IDeployment>(
    "enough-replicas",
    28,
    [
      "kube-score deployment-replicas",
      "kube-linter minimum-three-replicas",
      "polaris deploymentMissingReplicas",
    ],
    ["Deployment"],
    ({ metadata, spec }, world) => {
      const wanted = world.environment === "prod" ? 3 : 2;
      const count = autoscalerOf(world, metadata.name)?.spec?.minReplicas ?? spec?.replicas ?? 1;
      return count < wanted && `must have ${wanted} replicas at least, not ${count}`;
    },
  ),
  objectRule<IDeployment>(
    "disruption-budget",
    29,
    [
      "kube-score deployment-has-poddisruptionbudget",
      "kube-linter pdb-max-unavailable",
      "polaris pdbDisruptionsIsZero",
    ],
    ["Deployment"],
    ({ metadata, spec }, world) => {
      const budget = ofKind<IPodDisruptionBudget>(world, "PodDisruptionBudget").find(
        (one) =>
          one.metadata.namespace === metadata.namespace &&
          JSON.stringify(one.spec?.selector) === JSON.stringify(spec?.selector),
      );
      return (
        budget?.spec?.maxUnavailable !== 1 &&
        "must have a PodDisruptionBudget with maxUnavailable: 1"
      );
    },
  ),
  objectRule<IPodDisruptionBudget>(
    "unhealthy-eviction",
    29,
    ["kube-linter pdb-unhealthy-pod-eviction-policy"],
    ["PodDisruptionBudget"],
    ({ spec }) =>
      spec?.unhealthyPodEvictionPolicy !== "AlwaysAllow" &&
      "must set unhealthyPodEvictionPolicy: AlwaysAllow",
  ),
  podRule(
    "spread",
    30,
    ["kube-score pod-topology-spread-constraints", "polaris topologySpreadConstraint"],
    ({ pod, labels }, report) => {
      for (const key of ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]) {
        const constraint = pod.topologySpreadConstraints?.find(
          ({ topologyKey }) => topologyKey === key,
        );
        const selector = Object.entries(constraint?.labelSelector?.matchLabels ?? {});
        const selects =
          selector.length > 0 && selector.every(([name, value]) => labels[name] === value);
        if (!selects) report(`must spread its own pods over ${key}`);
      }
    },
  ),
  podRule(
    "anti-affinity",
    30,
    ["kube-linter no-anti-affinity", "kube-score deployment-has-host-podantiaffinity"],
    ({ pod }, report) => {
      const { podAntiAffinity } = pod.affinity ?? {};
      const terms = [
        ...(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
        ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
          (one) => one.podAffinityTerm,
        ),
      ];
      if (!terms.some(({ topologyKey }) => topologyKey === "kubernetes.io/hostname"))
        report("must prefer nodes without another of its pods (podAntiAffinity)");
    },
  ),
  objectRule<IDeployment>(
    "rolling-update",
    31,
    ["kube-linter no-rolling-update-strategy", "kube-score deployment-strategy"],
    ["Deployment"],
    ({ spec }) => {
      const { maxUnavailable, maxSurge } = spec?.strategy?.rollingUpdate ?? {};
      const isSafe =
        maxUnavailable === 0 && maxSurge === 1 && spec?.strategy?.type === "RollingUpdate";
      const isWatched =
        (spec?.minReadySeconds ?? 0) >= 5 && spec?.progressDeadlineSeconds !== undefined;
      return (
        !(isSafe && isWatched) &&
        "must roll with maxUnavailable 0, maxSurge 1, minReadySeconds ≥ 5 and a progressDeadlineSeconds"
      );
    },
  ),
  objectRule<IDeployment>(
    "autoscaler-owns-replicas",
    32,
    ["kube-score deployment-targeted-by-hpa-does-not-have-replicas-configured"],
    ["Deployment"],
    ({ metadata, spec }, world) =>
      autoscalerOf(world, metadata.name) &&
      spec?.replicas !== undefined &&
      "must not set replicas: its HorizontalPodAutoscaler owns that field",
  ),
  objectRule<IHorizontalPodAutoscaler>(
    "autoscaler-target",
    32,
    ["kube-linter dangling-horizontalpodautoscaler"],
    ["HorizontalPodAutoscaler"],
    ({ metadata, spec }, world) => {
      const exists = ofKind(world, "Deployment").some(
        (one) =>
          one.metadata.name === spec?.scaleTargetRef.name &&
          one.metadata.namespace === metadata.namespace,
      );
      if (!exists) return "must scale a Deployment that exists";
      return !spec?.behavior?.scaleDown && "must say how fast it scales down";
    },
  ),
  objectRule<IPodDisruptionBudget>(
    "budget-fits-autoscaler",
    33,
    ["polaris pdbMinAvailableGreaterThanHPAMinReplicas"],
    ["PodDisruptionBudget"],
    ({ metadata, spec }, world) => {
      const min = autoscalerOf(world, metadata.name)?.spec?.minReplicas ?? 1;
      const isStuck = Number(spec?.minAvailable ?? 0) >= min || spec?.maxUnavailable === 0;
      return isStuck && `must leave a pod to evict out of ${min}`;
    },
  ),
];
