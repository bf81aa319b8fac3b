/**
 * Renders a kustomization without kubectl, so that the checks run on what a cluster would be given.
 * It knows the fields that k8s/ uses and refuses every other; check:render proves it equal to kubectl.
 */
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { asObject, identityOf, isMapping, type K8sObject, type Mapping } from "../objects.ts";
import { readDocuments } from "../read-yaml.ts";
import {
  type ConfigMapSource,
  type ImageChange,
  type Kustomization,
  type Patch,
  readKustomization,
} from "./kustomization.ts";
import { merge } from "./merge.ts";
import { replaced } from "./replacements.ts";

/** The objects of `folder`, with `extraComponents` (folders) on top, as a kustomization would put them there. */
export function render(folder: string, extraComponents: readonly string[] = []): K8sObject[] {
  return extraComponents.reduce(
    (objects, path) => apply(readKustomization(path), path, objects),
    apply(readKustomization(folder), folder, []),
  );
}

function apply(
  kustomization: Kustomization,
  folder: string,
  given: readonly K8sObject[],
): K8sObject[] {
  let objects = [...given];
  for (const resource of kustomization.resources) {
    const path = join(folder, resource);
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
    const added = isFolder
      ? render(path)
      : readDocuments(path).map((value) => asObject(value, path));
    objects = [...objects, ...added];
  }
  objects.push(...kustomization.configMaps.map((source) => configMapOf(source, folder)));
  for (const component of kustomization.components) {
    const path = join(folder, component);
    objects = apply(readKustomization(path), path, objects);
  }
  for (const patch of kustomization.patches) objects = patched(objects, patch, kustomization.path);
  objects = objects
    .map((object) => stamped(object, "labels", kustomization.labels))
    .map((object) => stamped(object, "annotations", kustomization.annotations))
    .map((object) => withImages(object, kustomization.images));
  for (const replacement of kustomization.replacements)
    objects = replaced(objects, replacement, kustomization.path);
  refuseDuplicates(objects, kustomization.path);
  return objects;
}

function configMapOf({ metadata, files }: ConfigMapSource, folder: string): K8sObject {
  const data = files.map((file) => [basename(file), readFileSync(join(folder, file), "utf8")]);
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: Object.fromEntries(data) };
}

function patched(objects: readonly K8sObject[], { target, change }: Patch, path: string) {
  const { metadata: _, apiVersion: __, kind: ___, $patch, ...rest } = change;
  const { annotations, labels } = (change.metadata ?? {}) as Mapping;
  const metadata = {
    ...(isMapping(annotations) && { annotations }),
    ...(isMapping(labels) && { labels }),
  };
  let hits = 0;
  const result = objects.flatMap((object) => {
    if (
      object.kind !== target.kind ||
      (target.name ?? object.metadata.name) !== object.metadata.name
    )
      return [object];
    hits++;
    if ($patch === "delete") return [];
    return [merge(object, { ...rest, metadata }) as K8sObject];
  });
  if (hits === 0)
    throw new Error(`${path}: no object for the patch of ${target.kind} ${target.name ?? ""}`);
  return result;
}

/** Adds labels or annotations to the object and, where it has one, to its pod template. */
function stamped(
  object: K8sObject,
  field: string,
  pairs: Readonly<Record<string, string>>,
): K8sObject {
  if (Object.keys(pairs).length === 0) return object;
  const metadata = { [field]: pairs };
  const spec =
    isMapping(object.spec) && isMapping(object.spec.template)
      ? { template: { metadata } }
      : undefined;
  return merge(object, { metadata, ...(spec && { spec }) }) as K8sObject;
}

function withImages<T>(node: T, images: readonly ImageChange[]): T {
  if (Array.isArray(node)) return node.map((item: unknown) => withImages(item, images)) as T;
  if (!isMapping(node)) return node;
  const entries = Object.entries(node).map(([key, value]) => {
    if (key !== "image" || typeof value !== "string") return [key, withImages(value, images)];
    const name = value.replace(/@sha256:.*$|:[^:/]+$/, "");
    const change = images.find((candidate) => candidate.name === name);
    return [key, change ? imageOf(change, value.slice(name.length)) : value];
  });
  return Object.fromEntries(entries) as T;
}

function imageOf({ name, newName, newTag, digest }: ImageChange, suffix: string): string {
  const version = digest ? `@${digest}` : newTag ? `:${newTag}` : suffix;
  return `${newName ?? name}${version}`;
}

function refuseDuplicates(objects: readonly K8sObject[], path: string): void {
  const seen = new Set<string>();
  for (const object of objects) {
    const identity = identityOf(object);
    if (seen.has(identity)) throw new Error(`${path}: ${identity} is there twice`);
    seen.add(identity);
  }
}
