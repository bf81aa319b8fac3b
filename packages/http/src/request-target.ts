/** What a request asks for, in each of the four forms of RFC 9112 §3.2. */
import { parseHost } from "./host-names.ts";

const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/** Matches no route. */
const NOWHERE = "//";

/**
 * What the routes see of a target: the path and query of an absolute one, and nothing of a path that
 * is not percent-encoded UTF-8, for which a router has an answer of its own.
 */
export function routedPath(target: string): string {
  const path = pathOf(target);
  return isDecodablePath(path) ? path : NOWHERE;
}

/** The path and query of an absolute target; anything else as it came. */
export function pathOf(target: string): string {
  if (target.startsWith("/")) return target;
  const rest = ABSOLUTE.exec(target)?.[2];
  if (rest === undefined) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** The host that an absolute target names, which is asked instead of the one in Host (§3.2.2). */
export const authorityOf = (target: string): string | undefined =>
  target.startsWith("/") ? undefined : ABSOLUTE.exec(target)?.[1];

/** Whether this method may have such a target. */
export function isTarget(method: string, target: string): boolean {
  if (target.includes("#")) return false; // a fragment stays with its client
  if (method === "CONNECT") return parseHost(target)?.hasPort === true;
  if (target.startsWith("/")) return true;
  if (target === "*") return method === "OPTIONS";
  const authority = authorityOf(target);
  return authority !== undefined && parseHost(authority) !== undefined;
}

export function isDecodablePath(target: string): boolean {
  const query = target.indexOf("?");
  return isDecodable(query < 0 ? target : target.slice(0, query));
}

export function isDecodable(text: string): boolean {
  if (!text.includes("%")) return true;
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false; // not a triplet, or not UTF-8
  }
}
