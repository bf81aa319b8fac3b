/** Which packages of this workspace each process is made of. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

interface Package {
  /** Relative to the checkout, such as `packages/http`. */
  readonly folder: string;
  readonly name: string;
  /** Names of packages of this workspace; what tests need alone is not among them. */
  readonly needs: readonly string[];
}

/** Where packages lie, one a folder. */
const PARENTS = ["packages", "services"] as const;

/** @param root the checkout. */
export async function readPackages(root: string): Promise<Package[]> {
  const folders = ["scripts"];
  for (const parent of PARENTS) {
    const names = await readdir(join(root, parent)).catch(() => []);
    folders.push(...names.map((name) => `${parent}/${name}`));
  }
  const packages = await Promise.all(folders.map((folder) => readPackage(root, folder)));
  return packages.filter((found) => found !== undefined);
}

/** Undefined for a folder without a manifest, and while one is being written. */
async function readPackage(root: string, folder: string): Promise<Package | undefined> {
  try {
    const text = await readFile(join(root, folder, "package.json"), "utf8");
    const { name, dependencies = {} } = JSON.parse(text) as {
      readonly name: string;
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    const needs = Object.entries(dependencies).filter(([, range]) => /^workspace:/.test(range));
    return { folder, name, needs: needs.map(([needed]) => needed) };
  } catch {
    return undefined;
  }
}

/** The folders that a package is made of: its own, those of what it needs, and so on. */
export function foldersOf(folder: string, packages: readonly Package[]): Set<string> {
  const found = new Set([folder]);
  const byName = new Map(packages.map((one) => [one.name, one]));
  // a set that grows is walked to its new end
  for (const current of found) {
    const { needs = [] } = packages.find((one) => one.folder === current) ?? {};
    for (const name of needs) {
      const needed = byName.get(name);
      if (needed) found.add(needed.folder);
    }
  }
  return found;
}
