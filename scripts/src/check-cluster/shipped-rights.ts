/** The namespace of jobs and the processor's account as the prod overlay ships them, in namespaces of a run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asObject, type K8sObject } from "../../../packages/manifest-checks/src/objects.ts";
import { parseDocuments } from "../../../packages/manifest-checks/src/read-yaml.ts";
import type { Folder } from "../../../packages/manifest-checks/src/world.ts";
import { listOf } from "./apply.ts";
import { type Cluster, RUN_LABEL } from "./cluster.ts";
import { NAMESPACES, ofRun } from "./of-run.ts";
import { FOREIGN_PODS, writeVersion } from "./overlay-versions.ts";
import { type Right, rightsOf } from "./request-right.ts";
import { askServed } from "./served.ts";

export interface ShippedRights {
  /** Where jobs run. */
  readonly namespace: string;
  /** Where the processor is. */
  readonly controlNamespace: string;
  /** Of the shipped account, for the API server. */
  readonly token: string;
  /** Everything that the Role and the ClusterRoles give. */
  readonly granted: readonly Right[];
}

const PURPOSE = "shipped";

export async function applyShippedRights(cluster: Cluster): Promise<ShippedRights> {
  const { kubectl } = cluster;
  const namespaceOf = (name: string) => `airlock-check-${cluster.runId}-${PURPOSE}-${name}`;
  const [namespace, controlNamespace] = [namespaceOf("gpu-dev"), namespaceOf("gpu-controlplane")];
  const all = await render(cluster, namespaceOf);
  const wanted = all.filter(
    ({ kind, metadata }) =>
      kind === "Namespace" ||
      /^ClusterRole/.test(kind) ||
      metadata.namespace === namespace ||
      (kind === "ServiceAccount" && metadata.name === "processor"),
  );
  const objects = (await askServed(kubectl, wanted)).of(wanted);
  await kubectl(["apply", "-f", "-"], { input: listOf(objects) });
  return {
    namespace,
    controlNamespace,
    token: await cluster.token({
      namespace: controlNamespace,
      serviceAccount: "processor",
      audiences: [],
    }),
    granted: objects.filter(({ kind }) => /^(Cluster)?Role$/.test(kind)).flatMap(rights),
  };
}

const rights = (role: K8sObject): Right[] => rightsOf(role as Parameters<typeof rightsOf>[0]);

async function render(
  { kubectl, runId }: Cluster,
  namespaceOf: (name: string) => string,
): Promise<K8sObject[]> {
  const folder = mkdtempSync(join(tmpdir(), "airlock-rights-"));
  try {
    const own = (name: Folder) => namespaceOf(NAMESPACES[name]);
    const root = writeVersion(folder, FOREIGN_PODS, "prod", own, { [RUN_LABEL]: runId });
    const text = await kubectl(["kustomize", root]);
    return parseDocuments(text, root)
      .map((value) => asObject(value, root))
      .map((object) => ofRun(object, `${runId}-${PURPOSE}`, namespaceOf));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
