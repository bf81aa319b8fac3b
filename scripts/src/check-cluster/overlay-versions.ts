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
  readonly service: Folder;
  readonly from: RegExp;
  readonly to: string;
}

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;
const FIRST = digestOf("1");

/** Settings of each service, and the database of all that use it. */
const OTHER_SETTINGS: readonly Edit[] = [
  ...SERVICES.map((service) => ({ service, from: /value: (debug|info)$/gm, to: "value: warn" })),
  ...(["jobs", "processor"] as const).map((service) => ({
    service,
    from: /value: postgres\./g,
    to: "value: other-postgres.",
  })),
];

/** The component in, and what it sets out of the overlays. */
const CLUSTER_ISSUER: readonly Edit[] = [
  ...SERVICES.flatMap((service) => [
    {
      service,
      from: /^components:$/m,
      to: `components:\n  - ../../../components/cluster-issuer/${service}`,
    },
    { service, from: /^ +- name: (LAYER_AUTH_ISSUER|GATEWAY_AUTH)\n.*\n/gm, to: "" },
  ]),
  { service: "aux", from: /(- name: ACCESS_POLICY_CALLERS\n +value: ).*/, to: "$1jwt" },
  {
    service: "gateway",
    from: /^components:$/m,
    to: "components:\n  - ../../../components/caller-pods",
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
      from: /^components:$/m,
      to: "components:\n  - ../../../components/count-foreign-pods/processor",
    },
    {
      service: "gpu-dev",
      from: /$/,
      to: "components:\n  - ../../../components/count-foreign-pods/gpu-dev\n",
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
    const path = join(folder, "overlays", environment, service, "kustomization.yaml");
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
