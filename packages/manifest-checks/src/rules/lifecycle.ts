/** Items 34–40: how a pod starts, stays alive, stops, and what it may use. */
import type { IProbe } from "kubernetes-models/v1/Probe";
import { containerRule, podRule, type Rule, servingRule } from "../rule.ts";
import { envOf } from "../world.ts";

/** Seconds that runService takes at most after the drain delay, and what is left before SIGKILL. */
const STOP_CAP_SECONDS = 15;
const SPARE_SECONDS = 5;
const DEFAULT_DRAIN_SECONDS = 5;

const pathOf = (probe: IProbe | undefined) => probe?.httpGet?.path;

export const lifecycleRules: readonly Rule[] = [
  servingRule("startup-probe", 34, [], ({ startupProbe }) => {
    const seconds = (startupProbe?.periodSeconds ?? 10) * (startupProbe?.failureThreshold ?? 3);
    return (
      (pathOf(startupProbe) !== "/livez" || seconds < 60) &&
      "must have a startupProbe on /livez that allows 60 s"
    );
  }),
  servingRule(
    "liveness-probe",
    35,
    ["kube-linter no-liveness-probe", "kube-linter liveness-port", "polaris livenessProbeMissing"],
    ({ livenessProbe, ports = [] }) => {
      if (pathOf(livenessProbe) !== "/livez")
        return "must have a livenessProbe on /livez, which depends on nothing";
      if (!ports.some(({ name }) => name === livenessProbe?.httpGet?.port))
        return "must probe a port by its name";
      const isPatient =
        (livenessProbe?.timeoutSeconds ?? 1) >= 2 && (livenessProbe?.failureThreshold ?? 3) >= 3;
      return !isPatient && "must allow liveness 2 s and 3 failures";
    },
  ),
  servingRule(
    "readiness-probe",
    36,
    ["kube-linter no-readiness-probe", "kube-linter readiness-port", "kube-score pod-probes"],
    ({ readinessProbe, ports = [] }) => {
      if (pathOf(readinessProbe) !== "/readyz") return "must have a readinessProbe on /readyz";
      return (
        !ports.some(({ name }) => name === readinessProbe?.httpGet?.port) &&
        "must probe a port by its name"
      );
    },
  ),
  containerRule(
    "different-probes",
    36,
    ["kube-score pod-probes-identical"],
    ({ livenessProbe, readinessProbe }) =>
      livenessProbe?.httpGet &&
      pathOf(livenessProbe) === pathOf(readinessProbe) &&
      "must not use one path for liveness and readiness",
  ),
  podRule("one-drain", 37, [], ({ pod }, report) => {
    const { containers } = pod;
    if (containers.some(({ lifecycle }) => lifecycle?.preStop))
      report("must not have a preStop hook: the process drains");
    const delays = containers.map(
      (one) =>
        Number(envOf(one, "DRAIN_DELAY_SECONDS") ?? DEFAULT_DRAIN_SECONDS) +
        Number(envOf(one, "TUNNEL_DRAIN_SECONDS") ?? 0),
    );
    const wanted = Math.max(0, ...delays) + STOP_CAP_SECONDS + SPARE_SECONDS;
    if (pod.terminationGracePeriodSeconds !== wanted)
      report(
        `must set terminationGracePeriodSeconds: ${wanted}, the drain delay, that of tunnels + 15 + 5`,
      );
  }),
  containerRule(
    "resources",
    38,
    [
      "kube-linter unset-cpu-requirements",
      "kube-linter unset-memory-requirements",
      "kube-score container-resources",
    ],
    ({ resources }) => {
      for (const kind of ["requests", "limits"] as const) {
        const name = ["cpu", "memory", "ephemeral-storage"].find(
          (key) => resources?.[kind]?.[key] === undefined,
        );
        if (name) return `must set resources.${kind}.${name}`;
      }
      return (
        resources?.requests?.memory !== resources?.limits?.memory &&
        "must request the memory that is its limit"
      );
    },
  ),
  containerRule("heap-limit", 39, [], (container) => {
    const heap = Number(
      /--max-old-space-size=(\d+)/.exec(envOf(container, "NODE_OPTIONS") ?? "")?.[1],
    );
    const share = heap / mebibytes(String(container.resources?.limits?.memory ?? ""));
    return (
      !(share >= 0.65 && share <= 0.8) &&
      "must set --max-old-space-size in NODE_OPTIONS to 65–80 % of the memory limit"
    );
  }),
  containerRule("no-shell", 39, [], (container, { pod }) => {
    const { command, args } = container;
    const isInit = pod.initContainers?.includes(container);
    if (isInit && command?.[0] === "node") return undefined;
    return (
      (command ?? args) !== undefined &&
      "must run the image's own command, or node before the pod serves, so that Node is PID 1"
    );
  }),
  podRule("dns-options", 40, ["kube-linter dnsconfig-options"], ({ pod }, report) => {
    const ndots = pod.dnsConfig?.options?.find(({ name }) => name === "ndots")?.value;
    if (ndots !== "1" && ndots !== "2") report("must set the DNS option ndots to 1 or 2");
  }),
  podRule(
    "priority-class",
    40,
    ["kube-linter priority-class-name", "polaris priorityClassNotSet"],
    ({ pod }, report) => {
      if (!pod.priorityClassName) report("must name a priorityClass");
    },
  ),
];

/** `256Mi` and `1Gi` in MiB; NaN for another notation. */
function mebibytes(quantity: string): number {
  const [, digits, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  return Number(digits) * (unit === "Gi" ? 1024 : 1);
}
