/** The overlays as a user changes them from one apply to the next, in namespaces of a run. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeDigests } from "../../../packages/manifest-checks/src/set-digests.ts";
import {
  type EnvironmentName,
  FOLDERS,
  type Folder,
  IMAGES,
  SERVICES,
} from "../../../packages/manifest-checks/src/world.ts";

const K8S = join(import.meta.dirname, "../../../k8s");

export interface Version {
  readonly name: string;
  /** Of all images. */
  readonly digest: string;
  /** How many pod templates each Deployment has had by then: one that comes again is none more. */
  readonly templates: number;
  /** What is edited in the overlays. */
  readonly edits: readonly Edit[];
}

interface Edit {
  /** A folder of the overlay, or what the installation chooses. */
  readonly service: Folder | "installation";
  readonly from: RegExp;
  readonly to: string;
}

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;
const FIRST = digestOf("1");

/** Settings of each service, and the database. */
const OTHER_SETTINGS: readonly Edit[] = [
  ...SERVICES.map((service) => ({ service, from: /value: (debug|info)$/gm, to: "value: warn" })),
  { service: "installation", from: /^( {4}host: )/m, to: "$1other-" },
];

/** What the others copy from; they come after it. */
const FIRST_COMPONENT = /^ {2}- \.\.\/installation$/m;

/** The component in, and what it sets out of the overlays. */
const CLUSTER_ISSUER: readonly Edit[] = [
  ...(["gateway", "aux", "jobs"] as const).flatMap((service) => [
    {
      service,
      from: FIRST_COMPONENT,
      to: `$&\n  - ../../../components/cluster-issuer/${service}`,
    },
    { service, from: /^ +- name: GATEWAY_AUTH\n.*\n/gm, to: "" },
  ]),
  {
    service: "installation",
    from: /^ {2}issuer: .*$/m,
    to: "  issuer: https://kubernetes.default.svc.cluster.local",
  },
  { service: "aux", from: /(- name: ACCESS_POLICY_CALLERS\n +value: ).*/, to: "$1jwt" },
  {
    service: "gateway",
    from: FIRST_COMPONENT,
    to: "$&\n  - ../../../components/caller-pods",
  },
];

export const VERSIONS: readonly Version[] = [
  { name: "the first version", digest: FIRST, templates: 1, edits: [] },
  { name: "the next one", digest: digestOf("2"), templates: 2, edits: OTHER_SETTINGS },
  { name: "the first again", digest: FIRST, templates: 2, edits: [] },
  { name: "with cluster-issuer", digest: FIRST, templates: 3, edits: CLUSTER_ISSUER },
];

/** The component on both sides, so that all rights there are can be used. */
export const FOREIGN_PODS: Version = {
  name: "with count-foreign-pods",
  digest: FIRST,
  templates: 1,
  edits: [
    {
      service: "processor",
      from: FIRST_COMPONENT,
      to: "$&\n  - ../../../components/count-foreign-pods/processor",
    },
    {
      service: "gpu-dev",
      from: FIRST_COMPONENT,
      to: "$&\n  - ../../../components/count-foreign-pods/gpu-dev",
    },
  ],
};

/**
 * Writes a version into `folder`.
 *
 * @param namespaceOf a namespace of the run for each folder, in the place of its own.
 * @param labels for every object.
 * @returns the folder of its kustomization.
 */
export function writeVersion(
  folder: string,
  { digest, edits }: Version,
  environment: EnvironmentName,
  namespaceOf: (folder: Folder) => string,
  labels: Readonly<Record<string, string>>,
): string {
  cpSync(K8S, folder, { recursive: true });
  writeDigests(folder, Object.fromEntries(IMAGES.map((image) => [image, digest])));
  for (const { service, from, to } of edits) {
    const file = service === "installation" ? "installation.yaml" : "kustomization.yaml";
    const path = join(folder, "overlays", environment, service, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  }
  const root = join(folder, "check");
  for (const name of FOLDERS) {
    writeKustomization(join(root, name), {
      resources: [`../../overlays/${environment}/${name}`],
      namespace: namespaceOf(name),
      labels: [{ pairs: labels }],
    });
  }
  writeKustomization(root, { resources: FOLDERS });
  return root;
}

function writeKustomization(folder: string, content: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(content));
}
