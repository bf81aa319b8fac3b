/** Lays a fault of fixtures/faults.yaml over the manifests of this repository. */
import { join } from "node:path";
import { checkArgo, checkDeployed, type Finding } from "../src/check.ts";
import { merge } from "../src/kustomize/merge.ts";
import { render } from "../src/kustomize/render.ts";
import { type K8sObject, type Mapping, nameOf } from "../src/objects.ts";
import { readDocuments } from "../src/read-yaml.ts";
import { ENVIRONMENTS, type EnvironmentName, FOLDERS, withInstallation } from "../src/world.ts";

export const K8S = join(import.meta.dirname, "../../../k8s");

/** What an installation chooses, as far as tests look at it; it may be anybody's. */
export interface Chosen {
  readonly repository: string;
  readonly serverAddresses: readonly Addresses[];
  readonly serverPort: number;
  readonly database: { readonly addresses: readonly Addresses[] };
  readonly loadBalancer: { readonly addresses: readonly Addresses[] };
  readonly users: { readonly addresses: readonly Addresses[] };
  readonly proxy: { readonly addresses: readonly Addresses[] };
  readonly callers: { readonly issuerAddresses: readonly Addresses[] };
  readonly aws: { readonly parameters: string };
}

export interface Addresses {
  readonly ipBlock: { readonly cidr: string };
}

export function chosenIn(environment: string): Chosen {
  const file = join(K8S, "overlays", environment, "installation/installation.yaml");
  return (readDocuments(file) as { spec: Chosen }[])[0]?.spec as Chosen;
}

/** The components that the folders of an overlay list, which are its installation's choice. */
export const listedIn = (environment: EnvironmentName): readonly string[] =>
  FOLDERS.flatMap((folder) => {
    const file = join(K8S, "overlays", environment, folder, "kustomization.yaml");
    const { components = [] } = readDocuments(file)[0] as { components?: string[] };
    return components.flatMap((path) => path.split("/components/")[1] ?? []);
  });

export interface Fault {
  readonly rule: string;
  readonly world?: string;
  /** A component without which it is none. */
  readonly of?: string;
  readonly on?: string;
  readonly at?: string;
  readonly merge?: Mapping;
  readonly pod?: Mapping;
  readonly container?: Mapping;
  readonly drop?: boolean;
  readonly add?: K8sObject;
}

export const FAULTS = readDocuments(
  join(import.meta.dirname, "fixtures/faults.yaml"),
)[0] as Fault[];

/** Overlays with components that change what is allowed, added where they are not listed already: `prod + irsa`. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  "dev + ingress": ["ingress"],
  "prod + irsa": ["layer-sigv4/gateway", "layer-sigv4/irsa"],
  "prod + pod-identity": ["layer-sigv4/gateway", "layer-sigv4/pod-identity"],
  "prod + public-ingress": ["caller-jwt", "ingress", "public-ingress"],
};
/** Everything that faults are laid over. */
export const WORLDS = [...ENVIRONMENTS, ...Object.keys(ADDED), "argocd"] as const;

/** What the checks say of a world, with the fault in it or without any. */
export function findingsOf(world: string, fault?: Fault): Promise<Finding[]> {
  const environment = environmentOf(world);
  const listed = environment ? listedIn(environment) : [];
  const added = ADDED[world]?.filter((name) => !listed.includes(name));
  const components = added && environment ? withInstallation(K8S, added, environment) : [];
  const rendered = render(join(K8S, environment ? `overlays/${environment}` : world), components);
  // what the overlay of aux says then
  const callers: Fault = {
    rule: "",
    on: "Deployment aux/aux",
    container: { env: [{ name: "ACCESS_POLICY_CALLERS", value: "jwt" }] },
  };
  const objects = ADDED[world]?.includes("caller-jwt") ? apply(rendered, callers) : rendered;
  const changed = fault ? apply(objects, fault) : objects;
  return environment
    ? checkDeployed({ name: world, environment, objects: changed })
    : checkArgo(changed);
}

/** Whether what the fault is about is there: an installation may have chosen otherwise. */
export function isThere({ world = "prod", of: component }: Fault): boolean {
  const environment = environmentOf(world);
  return !component || !environment || listedIn(environment).includes(component);
}

const environmentOf = (world: string): EnvironmentName | undefined =>
  ENVIRONMENTS.find((name) => name === world.split(" + ")[0]);

function apply(objects: readonly K8sObject[], fault: Fault): K8sObject[] {
  if (fault.add) return [...objects, fault.add];
  const target = objects.find((object) => nameOf(object) === fault.on);
  if (!target) throw new Error(`no ${fault.on} to lay the fault over`);
  if (fault.drop) return objects.filter((object) => object !== target);
  const container = fault.container && {
    containers: [{ ...fault.container, name: target.metadata.name }],
  };
  const pod = container ?? fault.pod;
  const patch = asInstalled(fault.merge ?? { spec: { template: { spec: pod } } }, objects);
  return objects.map((object) =>
    object === target ? (merge(object, patch) as K8sObject) : object,
  );
}

/** Whose role is whose is the installation's own. */
function asInstalled(patch: Mapping, objects: readonly K8sObject[]): Mapping {
  const aux = objects.find((object) => nameOf(object) === "ServiceAccount aux/aux");
  const role = aux?.metadata.annotations?.["eks.amazonaws.com/role-arn"] ?? "";
  return JSON.parse(JSON.stringify(patch).replaceAll("ROLE_OF_AUX", role)) as Mapping;
}
