/** Items 41, 43 and 48: what runs, what git may hold, how objects are named. */
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IService } from "kubernetes-models/v1/Service";
import { containerRule, objectRule, type Rule } from "../rule.ts";
import { envOf, ofKind, workloads } from "../world.ts";

const CLUSTER_SCOPED = new Set(["Namespace", "ClusterRole", "ClusterRoleBinding"]);
const LABELS = ["app.kubernetes.io/name", "app.kubernetes.io/part-of", "owner"];

export const supplyChainRules: readonly Rule[] = [
  containerRule(
    "image-digest",
    41,
    ["kube-linter latest-tag", "kube-score container-image-tag", "polaris tagNotSpecified"],
    (container) => {
      const tag = [container.image, envOf(container, "DEVBOX_IMAGE") ?? container.image].find(
        (image) => !/^[^:@]+@sha256:[0-9a-f]{64}$/.test(image ?? ""),
      );
      return tag !== undefined && `must take ${tag} by digest, not by tag`;
    },
  ),
  objectRule(
    "no-secret-in-git",
    43,
    [],
    ["Secret"],
    () => "must not be in git: use components/external-secrets",
  ),
  {
    id: "namespace-set",
    item: 48,
    linters: ["kube-linter use-namespace"],
    check(world, report) {
      for (const object of world.objects) {
        const { namespace } = object.metadata;
        if (!CLUSTER_SCOPED.has(object.kind) && (!namespace || namespace === "default"))
          report(object, "must be in a namespace of its own");
      }
    },
  },
  {
    id: "labels-and-owner",
    item: 48,
    linters: ["kube-linter required-label-owner", "kube-linter required-annotation-email"],
    check(world, report) {
      for (const object of world.objects) {
        const missing = LABELS.find((label) => !object.metadata.labels?.[label]);
        if (missing) report(object, `must have the label ${missing}`);
        if (!object.metadata.annotations?.email) report(object, "must have the annotation email");
      }
    },
  },
  objectRule<IDeployment>(
    "selector-matches",
    48,
    [
      "kube-linter mismatching-selector",
      "kube-score deployment-pod-selector-labels-match-template-metadata-labels",
    ],
    ["Deployment"],
    ({ spec }) =>
      !includes(spec?.template.metadata?.labels, spec?.selector.matchLabels) &&
      "must select its own pods",
  ),
  objectRule<IService>(
    "service-selects",
    48,
    ["kube-linter dangling-service", "kube-score service-targets-pod"],
    ["Service"],
    (service, world) => {
      const pods = workloads(world).filter(
        ({ namespace, labels }) =>
          namespace === service.metadata.namespace && includes(labels, service.spec?.selector),
      );
      if (pods.length !== 1) return "must select the pods of one workload";
      const names = pods.flatMap(({ containers }) =>
        containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name)),
      );
      const stray = service.spec?.ports?.find(
        ({ targetPort }) => !names.includes(String(targetPort)),
      );
      return (
        stray &&
        `must not target the port ${stray.targetPort ?? stray.port}, which no container names`
      );
    },
  ),
  {
    id: "stable-version",
    item: 48,
    linters: ["kube-score stable-version", "kube-linter no-extensions-v1beta"],
    check(world, report) {
      for (const object of world.objects)
        if (/v\d+(alpha|beta)\d+$/.test(object.apiVersion))
          report(object, `must not use ${object.apiVersion}`);
    },
  },
  objectRule("upstream-address", 48, [], ["Deployment"], (deployment, world) => {
    const { containers } = workloads(world).find(({ object }) => object === deployment) ?? {
      containers: [],
    };
    const known = ofKind<IService>(world, "Service").map(
      ({ metadata, spec }) =>
        `http://${metadata.name}.${metadata.namespace}.svc.cluster.local:${spec?.ports?.[0]?.port}`,
    );
    const stray = containers
      .flatMap(({ env = [] }) => env)
      .find(
        ({ name, value = "" }) =>
          /^(AUX|JOBS|PROCESSOR)_SERVICE_URL$/.test(name) && !known.includes(value),
      );
    return stray && `must name a Service that exists in ${stray.name}, not ${stray.value}`;
  }),
];

/** Whether `labels` has every pair of `selector`; an empty selector selects nothing here. */
function includes(
  labels: Record<string, string> | undefined,
  selector: Record<string, string> | undefined,
): boolean {
  const pairs = Object.entries(selector ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => labels?.[key] === value);
}
