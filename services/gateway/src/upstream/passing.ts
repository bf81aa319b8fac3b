/** What passes the gateway, in either direction: a query written anew, and headers; everything else stops here. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { traceContextOf } from "@airlock/http";
import { encodeGroups } from "@airlock/identity";
import type { FastifyRequest } from "fastify";

type Word = string | number | boolean | readonly string[] | undefined;

/**
 * `?a=1&b=2` with the words in alphabetical order, or nothing where there are none: equal queries
 * are written alike, and so share a call. Slashes stay as they are; no word grows by them.
 */
export function queryOf(words: Readonly<Record<string, Word>>): string {
  let query = "";
  for (const name of Object.keys(words).sort()) {
    const word = words[name];
    if (word === undefined) continue;
    for (const value of Array.isArray(word) ? word : [word]) {
      const written = encodeURIComponent(value).replaceAll("%2F", "/");
      query += `${query === "" ? "?" : "&"}${name}=${written}`;
    }
  }
  return query;
}

export const withWord = (path: string, word: string): string =>
  `${path}${path.includes("?") ? "&" : "?"}${word}`;

/** Of an object: all as they came, for S3. */
const TO_OBJECTS = [
  "accept",
  "cache-control",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
] as const;

/** What a client says about the answer that it wants; the same meaning in the same words. */
export type Wishes = { [name: string]: string };

/** Of anything but an object: ranges and conditions on dates mean nothing there. */
export function wishesOf({ headers }: IncomingMessage): Wishes {
  const { accept, "cache-control": cacheControl } = headers;
  const ifNoneMatch = knownTags(headers["if-none-match"]);
  const wishes: Wishes = {};
  if (accept !== undefined && accept !== "*/*") wishes.accept = accept;
  if (cacheControl !== undefined) {
    wishes["cache-control"] = /no-cache/i.test(cacheControl) ? "no-cache" : cacheControl;
  }
  if (ifNoneMatch !== undefined) wishes["if-none-match"] = ifNoneMatch;
  return wishes;
}

export function objectWishesOf({ headers }: IncomingMessage): Wishes {
  const wishes: Wishes = {};
  for (const name of TO_OBJECTS) {
    const value = headers[name];
    if (typeof value === "string") wishes[name] = value;
  }
  return wishes;
}

const TAG = /^(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/;

/**
 * If-None-Match as it is compared: weakly, each tag once, in any order (RFC 9110 §13.1.2). What is no
 * tag names nothing.
 *
 * @returns `*`, or tags in alphabetical order; undefined when there is nothing to compare with.
 */
export function knownTags(sent: string | undefined): string | undefined {
  if (sent === undefined) return undefined;
  const text = sent.trim();
  if (text === "*") return text;
  const tags = text.split(",").flatMap((part) => TAG.exec(part.trim())?.[1] ?? []);
  return tags.length === 0 ? undefined : [...new Set(tags)].sort().join(", ");
}

/**
 * Name, value, name, value, …: what concerns all requests, and then each of the groups.
 *
 * @param groups our own last, so that nothing of a client's can stand in their place.
 */
export function upstreamHeaders(
  { raw, id }: FastifyRequest,
  ...groups: readonly (Readonly<Record<string, string>> | undefined)[]
): string[] {
  const headers = ["x-request-id", id, "traceparent", traceContextOf(raw).traceparent];
  const { tracestate } = raw.headers;
  if (typeof tracestate === "string") headers.push("tracestate", tracestate);
  for (const group of groups) {
    for (const name in group) headers.push(name, group[name] ?? "");
  }
  return headers;
}

/**
 * Everything that an answer depends on; two callers never share one. Headers and paths hold no line
 * breaks; a caller's name may, and stands last.
 */
export function shareKey(path: string, wishes: Wishes, request: FastifyRequest): string {
  const { accept = "", "cache-control": cacheControl = "", "if-none-match": known = "" } = wishes;
  const { caller = "", groups } = request;
  const listed = (groups && encodeGroups(groups)) ?? "";
  return `${path}\n${accept}\n${cacheControl}\n${known}\n${listed}\n${caller}`;
}

/** The upstream's headers that concern the client. */
const TO_CLIENT = [
  "accept-ranges",
  "age",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-range",
  "content-type",
  "etag",
  "expires",
  "last-modified",
  "retry-after",
  "vary",
  "x-amz-archive-status",
  "x-amz-restore",
  "x-amz-storage-class",
  "x-amz-version-id",
  "x-cache",
] as const;
/** What the owner of an object has written beside it. */
const METADATA = "x-amz-meta-";

/** @param isObject only objects have metadata. */
export function passedHeaders(
  headers: IncomingHttpHeaders,
  isObject: boolean,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of TO_CLIENT) {
    const value = headers[name];
    if (typeof value === "string") passed[name] = value;
  }
  for (const [name, value] of isObject ? Object.entries(headers) : []) {
    if (name.startsWith(METADATA) && typeof value === "string") passed[name] = value;
  }
  return passed;
}

/** Whether the end of a body can be known (RFC 9112 §6.3): by its length, or by its last chunk. */
export function hasEnd(headers: IncomingHttpHeaders): boolean {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) return coding.toLowerCase() === "chunked";
  return headers["content-length"] !== undefined;
}
