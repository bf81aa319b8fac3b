/** Which headers pass the gateway, in either direction; everything else stops here. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { traceContextOf } from "@airlock/http";

const TO_UPSTREAM = ["accept", "cache-control", "if-none-match", "tracestate"] as const;

const TO_OBJECTS = [
  ...TO_UPSTREAM,
  "if-match",
  "if-modified-since",
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

/**
 * The client's headers that concern the upstream, and our own.
 *
 * @param isObject ranges and conditions on dates are for objects; elsewhere they mean nothing.
 */
export function upstreamHeaders(
  raw: IncomingMessage,
  requestId: string,
  isObject: boolean,
): Record<string, string> {
  const headers: Record<string, string> = {
    "x-request-id": requestId,
    traceparent: traceContextOf(raw).traceparent,
  };
  for (const name of isObject ? TO_OBJECTS : TO_UPSTREAM) {
    const value = raw.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
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
export function flightKey(path: string, { headers }: IncomingMessage, caller: Caller): string {
  const { accept = "", "cache-control": cacheControl = "" } = headers;
  const known = headers["if-none-match"] ?? "";
  return `${path}\n${accept}\n${cacheControl}\n${known}\n${caller.groups}\n${caller.name ?? ""}`;
}
