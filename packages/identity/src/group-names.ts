/** The end caller's groups on their way through a header: percent-encoded names, by comma. */

/** Longest value of the header, in characters: some 200 groups that are named by a UUID. */
export const MAX_GROUPS_LENGTH = 8192;
/** What encodeURIComponent writes. */
const ENCODED = /^[\w.!~*'()%-]+(?:,[\w.!~*'()%-]+)*$/;

/** A verified token is met again and again with the same list. */
const encoded = new WeakMap<readonly string[], string>();

/**
 * @returns the header's value, "" for no groups, undefined when it would be too long. It is never
 * cut: a rule that denies something to a group must not be got round by being in many.
 */
export function encodeGroups(groups: readonly string[]): string | undefined {
  let value = encoded.get(groups);
  if (value === undefined) {
    value = groups.map((name) => encodeURIComponent(name)).join(",");
    encoded.set(groups, value);
  }
  return value.length > MAX_GROUPS_LENGTH ? undefined : value;
}

/** The names in a header value, or undefined when `encodeGroups` could not have written it. */
export function decodeGroups(value: string): readonly string[] | undefined {
  if (value.length > MAX_GROUPS_LENGTH || !ENCODED.test(value)) return undefined;
  try {
    return value.split(",").map(decodeURIComponent);
  } catch {
    return undefined; // the bytes are no UTF-8
  }
}
