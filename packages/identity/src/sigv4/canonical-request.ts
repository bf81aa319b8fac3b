/**
 * A request in the one form in which AWS signs it, for every service but S3: the path made normal and
 * encoded once more than on the wire, the query sorted, and of the headers those that are signed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { percentEncode } from "../percent-encode.ts";

export interface CanonicalParts {
  readonly method: string;
  /** Path and query as they go on the wire. */
  readonly target: string;
  /** All that are signed, names in lower case; in any order. */
  readonly headers: ReadonlyMap<string, string>;
  /** SHA-256 of the body, in hex. */
  readonly payloadHash: string;
}

export interface CanonicalRequest {
  readonly text: string;
  /** The names, by semicolon. */
  readonly signedHeaders: string;
}

export function canonicalRequest(parts: CanonicalParts): CanonicalRequest {
  const { method, target, headers, payloadHash } = parts;
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const query = queryAt < 0 ? "" : canonicalQuery(target.slice(queryAt + 1));
  const names = [...headers.keys()].sort();
  let lines = "";
  for (const name of names) lines += `${name}:${canonicalValue(headers.get(name) ?? "")}\n`;
  const signedHeaders = names.join(";");
  const text = `${method}\n${canonicalPath(path)}\n${query}\n${lines}\n${signedHeaders}\n${payloadHash}`;
  return { text, signedHeaders };
}

/** What must be encoded: all but the unreserved characters of RFC 3986 §2.3 … */
const RESERVED = /[^A-Za-z0-9\-._~]/gu;
/** … and in a path the slash. */
const RESERVED_IN_PATH = /[^A-Za-z0-9\-._~/]/gu;

function canonicalPath(path: string): string {
  const normal = /\/\.|\/\//.test(path) ? withoutDots(path) : path;
  return normal === "" ? "/" : normal.replace(RESERVED_IN_PATH, percentEncode);
}

/** RFC 3986 §5.2.4, with what lies between two slashes gone if it is nothing. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/");
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const isOpen = /^\.{0,2}$/.test(segments.at(-1) ?? "");
  return `/${kept.join("/")}${isOpen && kept.length > 0 ? "/" : ""}`;
}

/** By name and then by value, as they are once they are encoded; a name without a value has an empty one. */
function canonicalQuery(query: string): string {
  if (query === "") return "";
  const words = query.split("&").map((word) => {
    const at = word.indexOf("=");
    const [name, value] = at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
    return [encodedAnew(name), encodedAnew(value)] as const;
  });
  words.sort(([a, x], [b, y]) => order(a, b) || order(x, y));
  return words.map(([name, value]) => `${name}=${value}`).join("&");
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** On the wire some characters may stand as they are that AWS signs encoded. */
const encodedAnew = (text: string): string =>
  /^[A-Za-z0-9\-._~]*$/.test(text)
    ? text
    : decodeURIComponent(text).replace(RESERVED, percentEncode);

const canonicalValue = (value: string): string =>
  value.includes(" ") ? value.trim().replace(/ {2,}/g, " ") : value;
