/** The files that services are made of, with what tells one state of a file from the next. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

export interface SourceTree {
  /** Relative path → a text that changes with each save, however it is done. */
  readonly files: ReadonlyMap<string, string>;
  /** The folders that these files, and new ones, appear in, with what tells one from its successor. */
  readonly folders: ReadonlyMap<string, string>;
}

const ROOTS = ["packages", "services", "scripts"] as const;
/** Nothing of these runs in a service; what editors leave behind begins with a dot or ends otherwise. */
const SKIPPED = /^(\.|node_modules$|dist$|test$)/;
const SOURCE = /\.(ts|js|mjs|json|sql|ya?ml)$/;

/**
 * @param root the checkout.
 * @param more files elsewhere, by their absolute paths.
 */
export async function readSources(root: string, more: readonly string[] = []): Promise<SourceTree> {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const places: string[] = [...ROOTS];
  // a list that grows is walked to its new end
  for (const folder of places) {
    // what has gone meanwhile is not there
    const found = await stat(join(root, folder), { bigint: true }).catch(() => undefined);
    if (!found) continue;
    folders.set(folder, `${found.ino} ${found.birthtimeNs}`);
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
    const sources: string[] = [];
    for (const entry of entries) {
      if (SKIPPED.test(entry.name)) continue;
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) places.push(path);
      else if (SOURCE.test(entry.name)) sources.push(path);
    }
    const marks = await Promise.all(sources.map((path) => markOf(join(root, path))));
    for (const [index, path] of sources.entries()) {
      const mark = marks[index];
      if (mark) files.set(path, mark);
    }
  }
  for (const path of more) {
    const mark = await markOf(path);
    if (mark) files.set(path, mark);
  }
  return { files, folders };
}

/** A file that another one took the place of has another number, whatever its times say. */
async function markOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.ino} ${found.mtimeNs} ${found.size}`;
}

/** Those that are new, gone or another state. */
export function changedFiles(before: SourceTree, after: SourceTree): string[] {
  const paths = new Set([...before.files.keys(), ...after.files.keys()]);
  return [...paths].filter((path) => before.files.get(path) !== after.files.get(path)).sort();
}
