/** What a kustomization.yaml may hold here: a subset of kustomize's fields, each checked. */
import { join } from "node:path";
import { isMapping, type Mapping, type Metadata } from "../objects.ts";
import { parseDocuments, readDocuments } from "../read-yaml.ts";
import { type Replacement, readReplacement } from "./replacements.ts";

export interface Patch {
  readonly target: { readonly kind: string; readonly name?: string };
  readonly change: Mapping;
}

export interface ImageChange {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly digest?: string;
}

/** A ConfigMap made of files; its name stays as it is, without a hash of the content. */
export interface ConfigMapSource {
  readonly metadata: Metadata;
  readonly files: readonly string[];
}

export interface Kustomization {
  readonly path: string;
  readonly kind: "Kustomization" | "Component";
  readonly resources: readonly string[];
  readonly components: readonly string[];
  readonly configMaps: readonly ConfigMapSource[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly patches: readonly Patch[];
  readonly images: readonly ImageChange[];
  readonly replacements: readonly Replacement[];
}

const FIELDS = new Set([
  "apiVersion",
  "kind",
  "resources",
  "components",
  "configMapGenerator",
  "labels",
  "commonAnnotations",
  "patches",
  "images",
  "replacements",
]);

/** @throws Error naming the file and the field that is unknown or malformed. */
export function readKustomization(folder: string): Kustomization {
  const path = join(folder, "kustomization.yaml");
  const [source] = readDocuments(path);
  if (!isMapping(source)) throw new Error(`${path}: must be a mapping`);
  const unknown = Object.keys(source).find((key) => !FIELDS.has(key));
  if (unknown) throw new Error(`${path}: the field ${unknown} is unknown or not in use here`);
  if (source.kind !== "Kustomization" && source.kind !== "Component") {
    throw new Error(`${path}: kind must be Kustomization or Component`);
  }
  return {
    path,
    kind: source.kind,
    resources: localPaths(source.resources, path),
    components: localPaths(source.components, path),
    configMaps: list(source.configMapGenerator).map((entry) => readConfigMap(entry, path)),
    labels: labelPairs(source.labels, path),
    annotations: (source.commonAnnotations ?? {}) as Record<string, string>,
    patches: list(source.patches).map((patch) => readPatch(patch, path)),
    images: list(source.images) as ImageChange[],
    replacements: list(source.replacements).map((one) => readReplacement(one, path)),
  };
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Remote bases would make the result depend on somebody else's repository (Argo CD best practices). */
function localPaths(value: unknown, path: string): string[] {
  return list(value).map((entry) => {
    if (typeof entry === "string" && !/^[a-z+]+:\/\/|^git@|\?ref=/i.test(entry)) return entry;
    throw new Error(`${path}: ${String(entry)} must be a path inside this repository`);
  });
}

function readConfigMap(value: unknown, path: string): ConfigMapSource {
  const { name, namespace, files, options } = (value ?? {}) as Mapping;
  const { disableNameSuffixHash, labels, annotations } = (options ?? {}) as Mapping;
  if (typeof name !== "string" || typeof namespace !== "string" || disableNameSuffixHash !== true) {
    throw new Error(`${path}: a ConfigMap needs name, namespace and disableNameSuffixHash: true`);
  }
  return {
    metadata: {
      name,
      namespace,
      ...(isMapping(labels) && { labels }),
      ...(isMapping(annotations) && { annotations }),
    } as Metadata,
    files: localPaths(files, path),
  };
}

function labelPairs(value: unknown, path: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const entry of list(value)) {
    const isPlain = isMapping(entry) && isMapping(entry.pairs) && entry.includeTemplates === true;
    if (!isPlain || entry.includeSelectors === true) {
      throw new Error(`${path}: labels need pairs and includeTemplates: true, without selectors`);
    }
    Object.assign(pairs, entry.pairs);
  }
  return pairs;
}

function readPatch(value: unknown, path: string): Patch {
  if (isMapping(value) && isMapping(value.target) && typeof value.patch === "string") {
    const { kind, name } = value.target;
    const [change] = parseDocuments(value.patch, `${path}, patch of ${String(kind)}`);
    if (typeof kind === "string" && isMapping(change)) {
      return { target: { kind, ...(typeof name === "string" && { name }) }, change };
    }
  }
  throw new Error(`${path}: a patch needs target.kind and an inline strategic merge`);
}
