/** Which headers pass the gateway, in either direction; everything else stops here. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { traceContextOf } from "@airlock/http";

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

/** What a client says about the answer that it wants; the same meaning in the same words. */
export type Wishes = Readonly<Record<string, string>>;

/** Of anything but an object: ranges and conditions on dates mean nothing there. */
export function wishesOf({ headers }: IncomingMessage): Wishes {
  const { accept, "cache-control": cacheControl } = headers;
  const ifNoneMatch = knownTags(headers["if-none-match"]);
  const wishes: Record<string, string> = {};
  if (accept !== undefined && accept !== "*/*") wishes.accept = accept;
  if (cacheControl !== undefined) {
    wishes["cache-control"] = /no-cache/i.test(cacheControl) ? "no-cache" : cacheControl;
  }
  if (ifNoneMatch !== undefined) wishes["if-none-match"] = ifNoneMatch;
  return wishes;
}

/** Of an object. */
export function objectWishesOf({ headers }: IncomingMessage): Wishes {
  const wishes: Record<string, string> = {};
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

/** The client's wishes, and what concerns all requests. */
export function upstreamHeaders(
  raw: IncomingMessage,
  requestId: string,
  wishes: Wishes,
): Record<string, string> {
  const { tracestate } = raw.headers;
  return {
    "x-request-id": requestId,
    traceparent: traceContextOf(raw).traceparent,
    ...(typeof tracestate === "string" && { tracestate }),
    ...wishes,
  };
}

/** The upstream's headers that concern the client. @param isObject only objects have metadata. */
export function clientHeaders(
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

export interface Caller {
  readonly name: string | undefined;
  /** As they are written in a header. */
  readonly groups: string;
}

/**
 * Everything that an answer depends on; two callers never share one. Headers and paths hold no line
 * breaks; a caller's name may, and stands last.
 */
export function flightKey(path: string, wishes: Wishes, caller: Caller): string {
  const { accept = "", "cache-control": cacheControl = "", "if-none-match": known = "" } = wishes;
  return `${path}\n${accept}\n${cacheControl}\n${known}\n${caller.groups}\n${caller.name ?? ""}`;
}
