/** Which trees of SSM hold all of a tree that the caller may have: often much less than the whole. */
import { canonicalParameterPath, type ParameterPath } from "@airlock/contract";

export interface TreeRoot {
  readonly path: ParameterPath;
  readonly recursive: boolean;
}

/** More trees than this would cost more than the whole they are parts of. */
const MAX_ROOTS = 10;

/** The beginning of all names below a path; a root-level name begins as it likes. */
export const beginningOf = (path: ParameterPath): string => (path === "/" ? "" : `${path}/`);

/**
 * @param reach beginnings of names as Policy.reach gives them for this tree.
 * @returns none where nothing can be had; no name is in two of them.
 */
export function treeRoots(whole: TreeRoot, reach: readonly string[]): TreeRoot[] {
  if (reach.length === 0) return [];
  if (!whole.recursive) return [whole];
  const roots = new Map<string, TreeRoot>();
  for (const stem of reach) {
    const root = rootOf(whole, stem);
    if (root === whole) return [whole];
    roots.set(root.path, root);
  }
  const outer = [...roots.values()].filter(
    ({ path }) => ![...roots.values()].some((other) => isInside(path, other)),
  );
  return outer.length > MAX_ROOTS ? [whole] : outer;
}

function rootOf(whole: TreeRoot, stem: string): TreeRoot {
  if (stem === beginningOf(whole.path)) return whole;
  const slash = stem.lastIndexOf("/");
  const path = canonicalParameterPath(slash < 0 ? "/" : stem.slice(0, slash + 1));
  // a stem without a slash is of names of one level
  if (path === "/") return slash < 0 ? { path, recursive: false } : whole;
  return path === undefined || path === whole.path ? whole : { path, recursive: true };
}

const isInside = (path: ParameterPath, other: TreeRoot): boolean =>
  other.recursive && path.startsWith(`${other.path}/`);
