/** The sets of objects that are checked: what a cluster would be given, all services together. */

import { join } from "node:path";
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { render } from "./kustomize/render.ts";
import { isMapping, type K8sObject } from "./objects.ts";

export const ENVIRONMENTS = ["dev", "qa", "prod"] as const;
/** What has an image and pods. */
export const SERVICES = ["aux", "gateway", "jobs", "processor"] as const;
/** All that a release builds: the services, and the tools that the processor brings into jobs' pods. */
export const IMAGES = [...SERVICES, "devbox"] as const;
/** The folders of base/ and of each overlay: the services, and the namespace where jobs run. */
export const FOLDERS = [...SERVICES, "gpu-dev"] as const;
export type Folder = (typeof FOLDERS)[number];
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

export interface World {
  /** A folder of k8s/, with the components that were added to it. */
  readonly name: string;
  /** Undefined for what is not deployed as it stands: a base, with or without a component. */
  readonly environment: EnvironmentName | undefined;
  readonly objects: readonly K8sObject[];
}

/** Components that no overlay uses, on the folders they are for. */
export const OPTIONAL_COMPONENTS: readonly Readonly<Partial<Record<Folder, readonly string[]>>>[] =
  [
    { aux: ["static-credentials"] },
    { aux: ["static-credentials", "external-secrets", "pull-secret"] },
    { aux: ["static-credentials", "cluster-issuer/aux"] },
    { aux: ["pod-identity"] },
    { aux: ["pod-identity", "aws-proxy"] },
    { gateway: ["gateway-to-aux/gateway", "layer-sigv4/gateway", "layer-sigv4/irsa"] },
    { gateway: ["layer-sigv4/gateway", "layer-sigv4/pod-identity"] },
    { gateway: ["pull-secret"] },
    { gateway: ["caller-jwt"] },
    { gateway: ["caller-jwt", "ingress", "public-ingress"] },
    { gateway: ["caller-jwt", "ingress-nginx"] },
    { gateway: ["cluster-issuer/gateway", "caller-pods"] },
    { jobs: ["pull-secret"] },
    { jobs: ["cluster-issuer/jobs"] },
    { processor: ["pull-secret"], "gpu-dev": ["pull-secret"] },
    { "gpu-dev": ["ssh-nodeports"] },
    { processor: ["count-foreign-pods/processor"], "gpu-dev": ["count-foreign-pods/gpu-dev"] },
    {
      processor: ["pod-security-baseline/processor"],
      "gpu-dev": ["pod-security-baseline/gpu-dev"],
    },
  ];

/**
 * Components as an overlay lists them: between its installation, which they copy from, and what takes it out.
 *
 * @param root the folder k8s.
 */
export const withInstallation = (
  root: string,
  components: readonly string[],
  environment: EnvironmentName = "dev",
): string[] => [
  join(root, "overlays", environment, "installation"),
  ...components.map((name) => join(root, "components", name)),
  join(root, "components/installation"),
];

/** Renders everything below `root` (the folder k8s). @throws Error for a file that cannot be rendered. */
export function readWorlds(root: string): World[] {
  const bases = FOLDERS.map((folder) => render(join(root, "base", folder)));
  const installed = FOLDERS.map((folder) =>
    render(join(root, "base", folder), withInstallation(root, [])),
  );
  const optional = OPTIONAL_COMPONENTS.map((componentsOf) => ({
    name: `base + ${Object.values(componentsOf).flat().join(" + ")} (${Object.keys(componentsOf).join(", ")})`,
    environment: undefined,
    objects: FOLDERS.flatMap((folder, index) => {
      const components = componentsOf[folder];
      return components
        ? render(join(root, "base", folder), withInstallation(root, components))
        : (installed[index] ?? []);
    }),
  }));
  const overlays = ENVIRONMENTS.map((environment) => ({
    name: `overlays/${environment}`,
    environment,
    objects: render(join(root, "overlays", environment)),
  }));
  return [
    { name: "base", environment: undefined, objects: bases.flat() },
    ...optional,
    ...overlays,
  ];
}

/** The objects of a kind; their shape has been checked against the schema before any rule runs. */
export function ofKind<T>(world: World, kind: string): (T & K8sObject)[] {
  return world.objects.filter((object) => object.kind === kind) as (T & K8sObject)[];
}

export interface Workload {
  readonly object: K8sObject;
  /** The services are told apart by this label. */
  readonly service: string | undefined;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: IPodSpec;
  /** All of them; those that end before the pod serves come first. */
  readonly containers: readonly IContainer[];
}

/** Everything with a pod template. */
export function workloads(world: World): Workload[] {
  return world.objects.flatMap((object) => {
    const template = isMapping(object.spec) ? object.spec.template : undefined;
    if (object.kind === "ApplicationSet" || !isMapping(template)) return [];
    const { metadata, spec } = template as {
      metadata?: { labels?: Record<string, string> };
      spec: IPodSpec;
    };
    const labels = metadata?.labels ?? {};
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    const namespace = object.metadata.namespace ?? "";
    return [
      {
        object,
        service: labels["app.kubernetes.io/name"],
        namespace,
        labels,
        pod: spec,
        containers,
      },
    ];
  });
}

/** The value of a literal environment variable. */
export const envOf = (container: IContainer, name: string): string | undefined =>
  container.env?.find((variable) => variable.name === name)?.value;
