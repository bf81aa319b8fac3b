/** Patches of objects: JSON merge patch (RFC 7396), and of strategic merge what conditions need. */
import { isJson, type Json, jsonOf, listOf, textOf } from "../objects.ts";

/** A member that is null is taken away, objects are merged, everything else is put in place. */
export function mergePatch(object: Json, patch: Json): Json {
  const merged: Record<string, unknown> = { ...object };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (isJson(value)) merged[key] = mergePatch(jsonOf(merged[key]), value);
    else merged[key] = value;
  }
  return merged;
}

/** Lists whose items are known by a member, and merged one by one. All others are put in place as a whole. */
const KEYED: Readonly<Record<string, string>> = {
  conditions: "type",
  addresses: "type",
  volumes: "name",
  containers: "name",
  env: "name",
};

export function strategicPatch(object: Json, patch: Json): Json {
  const merged: Record<string, unknown> = { ...object };
  for (const [key, value] of Object.entries(patch)) {
    const by = KEYED[key];
    if (value === null) delete merged[key];
    else if (isJson(value)) merged[key] = strategicPatch(jsonOf(merged[key]), value);
    else if (by !== undefined && Array.isArray(value)) {
      merged[key] = mergeItems(listOf(merged[key]).map(jsonOf), value.map(jsonOf), by);
    } else merged[key] = value;
  }
  return merged;
}

/** New items come first, as a server has them. */
function mergeItems(items: readonly Json[], patches: readonly Json[], by: string): Json[] {
  const idOf = (item: Json) => textOf(item[by]);
  const known = new Set(items.map(idOf));
  const added = patches.filter((item) => !known.has(idOf(item)));
  return [
    ...added,
    ...items.map((item) => {
      const patch = patches.find((one) => idOf(one) === idOf(item));
      return patch === undefined ? item : strategicPatch(item, patch);
    }),
  ];
}
