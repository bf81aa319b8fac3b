/** The overlays, applied again and again as versions and settings change, by kubectl and as Argo CD does it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asObject, type K8sObject } from "../../../packages/manifest-checks/src/objects.ts";
import { parseDocuments } from "../../../packages/manifest-checks/src/read-yaml.ts";
import {
  ENVIRONMENTS,
  type EnvironmentName,
  type Folder,
} from "../../../packages/manifest-checks/src/world.ts";
import type { Stage } from "../../../scenarios/src/scenario.ts";
import { type Apply, applyByKubectl, applyLikeArgo } from "./apply.ts";
import { type Cluster, RUN_LABEL } from "./cluster.ts";
import { objectFaults, rolloutFaults } from "./deployed.ts";
import { NAMESPACES, ofRun } from "./of-run.ts";
import { VERSIONS, type Version, writeVersion } from "./overlay-versions.ts";
import { askServed, type Served } from "./served.ts";
import type { Step } from "./step.ts";

const WAYS: Readonly<Record<string, Apply>> = { kubectl: applyByKubectl, argo: applyLikeArgo };

export const overlays: Step = {
  name: "overlays",
  how: "each overlay is applied in four versions, one over the other: no error, the right objects",
  async run(cluster, stage) {
    const all: K8sObject[] = [];
    for (const environment of ENVIRONMENTS)
      for (const version of VERSIONS)
        all.push(...(await render(cluster, environment, "", version)));
    const served = await askServed(cluster.kubectl, all);
    const missing = served.missingOf(all);
    if (missing.length > 0)
      stage.note("left out: this server lacks them", `${missing.length}`, missing.join(", "));
    for (const environment of ENVIRONMENTS) {
      const ways = Object.keys(WAYS);
      await Promise.all(ways.map((way) => applyAll(cluster, stage, served, environment, way)));
    }
  },
};

/** One version over the other, in the same namespaces. */
async function applyAll(
  cluster: Cluster,
  stage: Stage,
  served: Served,
  environment: EnvironmentName,
  way: string,
): Promise<void> {
  const { kubectl } = cluster;
  for (const version of VERSIONS) {
    const what = `${environment} by ${way}, ${version.name}`;
    const objects = served.of(await render(cluster, environment, way, version));
    const count = `${objects.length} objects`;
    try {
      await WAYS[way]?.(kubectl, objects);
    } catch (error) {
      stage.check(what, "no error", false, count, shortened(String(error)));
      return;
    }
    const faults = await objectFaults(kubectl, objects);
    stage.check(what, "as rendered", faults.length === 0, count, faults.join("; ") || "there");
    const rollout = await rolloutFaults(kubectl, objects, version);
    if (rollout === undefined) stage.note(what, count, "no controller here makes pods of it");
    else if (rollout.length > 0)
      stage.check(what, "pods of this version", false, count, rollout.join("; "));
  }
}

/** The beginning and the end: an API server repeats the whole object in between. */
const shortened = (text: string): string =>
  text.length > 400 ? `${text.slice(0, 200)} … ${text.slice(-150)}` : text;

/** What kubectl makes of an overlay, in namespaces of the run. */
async function render(
  { kubectl, runId }: Cluster,
  environment: EnvironmentName,
  way: string,
  version: Version,
): Promise<K8sObject[]> {
  const folder = mkdtempSync(join(tmpdir(), "airlock-overlays-"));
  try {
    const suffix = `${runId}-${environment}-${way}`;
    const namespaceOf = (namespace: string) => `airlock-check-${suffix}-${namespace}`;
    const labels = { [RUN_LABEL]: runId };
    const ownNamespace = (name: Folder) => namespaceOf(NAMESPACES[name]);
    const overlay = writeVersion(folder, version, environment, ownNamespace, labels);
    const text = await kubectl(["kustomize", overlay]);
    return parseDocuments(text, overlay)
      .map((value) => withoutEdge(asObject(value, overlay)))
      .map((object) => ofRun(object, suffix, namespaceOf));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** No controller may make a real load balancer for the check. */
const withoutEdge = (object: K8sObject): K8sObject =>
  object.kind === "Ingress" && object.spec
    ? { ...object, spec: { ...object.spec, ingressClassName: "airlock-check" } }
    : object;
