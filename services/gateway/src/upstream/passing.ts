/** What passes the gateway, in either direction: a query written anew, and headers; everything else stops here. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { entityTags, OBJECT_CONDITIONS, opaqueTag, SENT_HEADERS } from "@airlock/contract";
import { traceContextOf } from "@airlock/http";
import { encodeGroups } from "@airlock/identity";
import type { FastifyRequest } from "fastify";

type Word = string | number | boolean | readonly string[] | undefined;

/**
 * `?a=1&b=2` with the words in alphabetical order, or nothing where there are none: equal queries
 * are written alike, and so share a call. Slashes stay as they are; no word grows by them.
 */
export function queryOf(words: Readonly<Record<string, Word>>): string {
  const names: string[] = [];
  for (const name in words) if (words[name] !== undefined) names.push(name);
  let query = "";
  for (const name of names.sort()) {
    const word = words[name] ?? [];
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
const TO_OBJECTS = ["accept", "cache-control", ...OBJECT_CONDITIONS].map((name) =>
  name.toLowerCase(),
);

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
  const known = wishes["if-none-match"];
  if (known !== undefined) wishes["if-none-match"] = known.replaceAll(CODED, '"');
  return wishes;
}

/** What a proxy that compresses has made of a tag (Apache's DeflateAlterETag, Caddy): it means the same content. */
const CODED = /-(?:gzip|deflate|br|zstd)"/g;

/**
 * If-None-Match as it is compared: weakly, each tag once, in any order (RFC 9110 §13.1.2). What is no
 * tag names nothing.
 *
 * @returns `*`, or tags in alphabetical order; undefined when there is nothing to compare with.
 */
export function knownTags(sent: string | undefined): string | undefined {
  if (sent === undefined) return undefined;
  const tags = entityTags(sent.replaceAll(CODED, '"'));
  if (tags === "*") return tags;
  return tags.length === 0 ? undefined : [...new Set(tags.map(opaqueTag))].sort().join(", ");
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
  const { traceparent, tracestate } = traceContextOf(raw);
  const headers = ["x-request-id", id, "traceparent", traceparent];
  if (tracestate !== undefined) headers.push("tracestate", tracestate);
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
const TO_CLIENT = new Set(
  ["content-type", "retry-after", ...SENT_HEADERS].map((name) => name.toLowerCase()),
);
/** What the owner of an object has written beside it. */
const METADATA = "x-amz-meta-";

/** @param isObject only objects have metadata. */
export function passedHeaders(
  headers: IncomingHttpHeaders,
  isObject: boolean,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name in headers) {
    if (!TO_CLIENT.has(name) && !(isObject && name.startsWith(METADATA))) continue;
    const value = headers[name];
    if (typeof value === "string") passed[name] = value;
  }
  return passed;
}

/** Whether the end of a body can be known (RFC 9112 §6.3): by its length, or by its last chunk. */
export function hasEnd(headers: IncomingHttpHeaders): boolean {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) return coding.toLowerCase() === "chunked";
  return headers["content-length"] !== undefined;
}

/** Those that are passed on, and by which a client is asked not to repeat what it has. */
const CONDITIONS = ["if-none-match"] as const;
const CONDITIONS_OF_OBJECTS = [...CONDITIONS, "if-modified-since"] as const;

/** In any case, with any parameters (RFC 9110 §8.3.1). */
const JSON_TYPE = /^application\/json *(?:;|$)/i;
/** A parameter's value and nothing else, to who says what to accept; aux gives each an ETag. */
const TEXT_TYPE = /^text\/plain *(?:;|$)/i;

const EVENTS_TYPE = /^text\/event-stream *(?:;|$)/i;

/** What is promised of a body: an object may be anything. */
export type BodyKind = "json" | "object" | "text" | "events";

/**
 * Whether the service behind can have given this answer. Anything else comes from something in
 * between: a redirect, a login page, a part that nobody asked for, 304 to who has nothing, an answer
 * without the promised JSON.
 *
 * @param client the headers of the client's request.
 */
export function isUsable(
  { status, headers }: { readonly status: number; readonly headers: IncomingHttpHeaders },
  kind: BodyKind,
  client: IncomingHttpHeaders,
): boolean {
  const isObject = kind === "object";
  if (status === 304) {
    return (isObject ? CONDITIONS_OF_OBJECTS : CONDITIONS).some((name) => client[name]);
  }
  if (isObject) return status === 200 || (status === 206 && client.range !== undefined);
  const type = headers["content-type"] ?? "";
  // 204 ends a stream for good: there is nothing left to come
  if (kind === "events") return status === 204 || (status === 200 && EVENTS_TYPE.test(type));
  if (kind === "text") return status === 200 && TEXT_TYPE.test(type);
  if (TEXT_TYPE.test(type)) {
    return status === 200 && headers.etag !== undefined && client.accept !== undefined;
  }
  return status >= 200 && status <= 202 && JSON_TYPE.test(type);
}
