/** Which headers pass the gateway, in either direction; everything else stops here. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { traceContextOf } from "@airlock/http";

const TO_UPSTREAM = [
  "accept",
  "cache-control",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
  "tracestate",
] as const;

const TO_CLIENT = [
  "accept-ranges",
  "age",
  "cache-control",
  "content-encoding",
  "content-language",
  "content-range",
  "content-type",
  "etag",
  "expires",
  "last-modified",
  "retry-after",
  "vary",
] as const;

/** The client's headers that concern the upstream, and our own. */
export function upstreamHeaders(raw: IncomingMessage, requestId: string): Record<string, string> {
  const headers: Record<string, string> = {
    "x-request-id": requestId,
    traceparent: traceContextOf(raw).traceparent,
  };
  for (const name of TO_UPSTREAM) {
    const value = raw.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
}

/** The upstream's headers that concern the client. */
export function clientHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of TO_CLIENT) {
    const value = headers[name];
    if (typeof value === "string") passed[name] = value;
  }
  return passed;
}

/** Everything that an answer depends on; two callers never share one. */
export function flightKey(path: string, raw: IncomingMessage, caller: string | undefined): string {
  const { accept = "", "cache-control": cacheControl = "" } = raw.headers;
  return `${path}\n${accept}\n${cacheControl}\n${caller ?? ""}`;
}

/** Whether the answer depends on nothing but the path and what the flight's key holds. */
export function isShareable({ headers }: IncomingMessage): boolean {
  return (
    headers.range === undefined &&
    headers["if-match"] === undefined &&
    headers["if-none-match"] === undefined &&
    headers["if-modified-since"] === undefined &&
    headers["if-unmodified-since"] === undefined &&
    headers["if-range"] === undefined
  );
}
