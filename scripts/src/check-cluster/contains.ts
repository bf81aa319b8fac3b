/** Whether a server has stored what it was sent: it may add, not change and not leave out. */
import { isMapping } from "../../../packages/manifest-checks/src/objects.ts";

/** Where they differ, such as `spec.template.spec.containers[jobs].image`; none when all was stored. */
export function differences(sent: unknown, stored: unknown, path = ""): string[] {
  if (Array.isArray(sent)) {
    return Array.isArray(stored) ? listDifferences(sent, stored, path) : [path];
  }
  if (!isMapping(sent)) return sent === stored ? [] : [path];
  if (!isMapping(stored)) return [path];
  return Object.entries(sent).flatMap(([key, value]) =>
    differences(value, stored[key], path === "" ? key : `${path}.${key}`),
  );
}

/** Servers keep lists of named items in an order of their own; one item more is a difference. */
function listDifferences(
  sent: readonly unknown[],
  stored: readonly unknown[],
  path: string,
): string[] {
  const found = sent.flatMap((item, index) => {
    const name = nameOf(item);
    const peers =
      name === undefined ? [stored[index]] : stored.filter((one) => nameOf(one) === name);
    const faults = peers.map((one) => differences(item, one, `${path}[${name ?? index}]`));
    const [best = [`${path}[${name}]`]] = faults.sort((a, b) => a.length - b.length);
    return best;
  });
  const left = stored.filter((item) => {
    const name = nameOf(item);
    return name !== undefined && !sent.some((one) => nameOf(one) === name);
  });
  const more = left.map((item) => `${path}[${nameOf(item)}], which was not sent`);
  if (more.length === 0 && stored.length > sent.length) more.push(`${path}, by its length`);
  return [...found, ...more];
}

/** What tells the items of a list apart. */
function nameOf(item: unknown): string | undefined {
  if (!isMapping(item)) return undefined;
  const name = item.name ?? item.mountPath ?? item.topologyKey;
  return typeof name === "string" ? name : undefined;
}
