/** What differs between two JSON values, a line for each member that was added, taken away or changed. */

type Json = unknown;

/** Such as `~ Resources.Aux.Properties.Timeout: 60 → 120`, in the order of the members. */
export function differences(before: Json, after: Json, path = ""): string[] {
  if (isMapping(before) && isMapping(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => {
      const member = path === "" ? name : `${path}.${name}`;
      if (!(name in before)) return [`+ ${member}: ${shown(after[name])}`];
      if (!(name in after)) return [`- ${member}: ${shown(before[name])}`];
      return differences(before[name], after[name], member);
    });
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const gone = without(before, after).map((one) => `- ${path}: ${shown(one)}`);
    const come = without(after, before).map((one) => `+ ${path}: ${shown(one)}`);
    return gone.length + come.length > 0 ? [...gone, ...come] : [`~ ${path}: another order`];
  }
  return [`~ ${path}: ${shown(before)} → ${shown(after)}`];
}

const isMapping = (value: Json): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (value: Json): string => JSON.stringify(value);

function without(some: readonly Json[], others: readonly Json[]): Json[] {
  const known = new Set(others.map(shown));
  return some.filter((one) => !known.has(shown(one)));
}
