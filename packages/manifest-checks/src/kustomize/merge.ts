/** Strategic merge, as far as the manifests need it: maps merge, some lists merge by a key, null removes. */
import { isMapping, type Mapping } from "../objects.ts";

/** By which field the items of a list are told apart; every other list is replaced as a whole. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  imagePullSecrets: "name",
  topologySpreadConstraints: "topologyKey",
};

/** Returns `base` with `patch` laid over it; neither is changed. */
export function merge(base: Mapping, patch: Mapping): Mapping {
  const result: Mapping = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const old = result[key];
    if (value === null) delete result[key];
    else if (isMapping(value) && isMapping(old)) result[key] = merge(old, value);
    else if (Array.isArray(value) && Array.isArray(old) && MERGE_KEYS[key]) {
      result[key] = mergeLists(old, value, MERGE_KEYS[key]);
    } else result[key] = structuredClone(value);
  }
  return result;
}

/** The patch's items come first, in its order, as kustomize puts them; then those it leaves alone. */
function mergeLists(old: readonly unknown[], patch: readonly unknown[], key: string): unknown[] {
  const keyOf = (item: unknown) => (isMapping(item) ? item[key] : item);
  const changed = patch.map((item) => {
    const before = old.find((candidate) => keyOf(candidate) === keyOf(item));
    return isMapping(before) && isMapping(item) ? merge(before, item) : structuredClone(item);
  });
  const named = new Set(patch.map(keyOf));
  return [...changed, ...old.filter((item) => !named.has(keyOf(item)))];
}
