/** The grammar of parameter names on the wire, the same at the gateway and at aux. */

/** Longest name, in characters: SSM's 2048 less the 1037 it reserves for itself (PutParameter, Name). */
export const MAX_NAME_LENGTH = 1011;
/** Levels of a hierarchy, as SSM counts them. */
export const MAX_LEVELS = 15;
/** Longest name as written in a URL, before decoding; beyond it the answer is 414. */
export const MAX_RAW_LENGTH = 2048;

const LEVEL = /^[A-Za-z0-9_.-]+$/;

/**
 * Turns the undecoded rest of a path (`/parameters/<rest>`) into the canonical SSM name.
 *
 * Each percent-triplet is decoded once and at most one leading slash dropped; what remains is one
 * level or several. Two levels or more are a hierarchy and get their leading slash back
 * (`airlock/dev/db` → `/airlock/dev/db`), one level is a root-level name (`my-parameter`).
 *
 * @returns the canonical name, or undefined for anything outside the grammar: empty names and
 * levels, `.` and `..`, selectors (`name:3`), ARNs, control characters, double encoding.
 */
export function parseParameterName(raw: string): string | undefined {
  const decoded = raw.includes("%") ? decodeOnce(raw) : raw;
  return decoded === undefined ? undefined : canonicalParameterName(decoded);
}

/** The same for a name that is decoded already, as it comes in a query or a body. */
export function canonicalParameterName(decoded: string): string | undefined {
  const bare = decoded.startsWith("/") ? decoded.slice(1) : decoded;
  if (bare.length > MAX_NAME_LENGTH) return undefined;
  const levels = bare.split("/");
  if (levels.length > MAX_LEVELS) return undefined;
  for (const level of levels) {
    if (level === "." || level === ".." || !LEVEL.test(level)) return undefined;
  }
  return levels.length > 1 ? `/${bare}` : bare;
}

function decodeOnce(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined; // not a triplet, or not UTF-8
  }
}

/** A hierarchy as GetParametersByPath takes it: `/`, or `/a/b` with or without its first slash. */
export function canonicalParameterPath(decoded: string): string | undefined {
  if (decoded === "/") return decoded;
  const name = canonicalParameterName(decoded);
  return name === undefined || name.startsWith("/") ? name : `/${name}`;
}
