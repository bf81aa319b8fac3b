/** Manifests that no kustomization lists: they look deployed and are not. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { readKustomization } from "./kustomize/kustomization.ts";

const KUSTOMIZATION = "kustomization.yaml";
const FOLDERS = ["base", "components", "overlays", "argocd"];

/** One sentence for each YAML file below `root` that its folder's kustomization leaves out. */
export function unlistedFiles(root: string): string[] {
  return FOLDERS.flatMap((folder) => unlistedIn(join(root, folder))).map(
    (path) => `${relative(root, path)}: is listed in no ${KUSTOMIZATION}`,
  );
}

function unlistedIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name));
  const names = files.map(({ name }) => name).filter((name) => name !== KUSTOMIZATION);
  const listed = files.length > names.length ? listedIn(folder) : [];
  return [
    ...names.filter((name) => !listed.includes(name)).map((name) => join(folder, name)),
    ...entries
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => unlistedIn(join(folder, name))),
  ];
}

function listedIn(folder: string): string[] {
  const { resources, configMaps } = readKustomization(folder);
  return [...resources, ...configMaps.flatMap((source) => source.files)];
}
