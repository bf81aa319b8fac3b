/** Request id and W3C trace context: believed when well formed, made otherwise. */
import { randomFillSync, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** https://www.w3.org/TR/trace-context/#traceparent-header: version, trace-id, parent-id, flags. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The client's request id if it is 1–64 of `[A-Za-z0-9_-]`, else a new one. */
export function requestIdOf(raw: IncomingMessage): string {
  const sent = raw.headers["x-request-id"];
  return typeof sent === "string" && REQUEST_ID.test(sent) ? sent : randomUUID();
}

export interface TraceContext {
  /** The whole header, as it is sent on. */
  readonly traceparent: string;
  /** 32 hex digits. */
  readonly traceId: string;
}

const TRACE_ID_BYTES = 16;
/** Random bytes for many ids: a UUID without its dashes takes four times as long. */
const RANDOM = Buffer.alloc(256 * TRACE_ID_BYTES);
let used = RANDOM.length;

function randomTraceId(): string {
  if (used === RANDOM.length) {
    randomFillSync(RANDOM);
    used = 0;
  }
  used += TRACE_ID_BYTES;
  return RANDOM.toString("hex", used - TRACE_ID_BYTES, used);
}

/** Kept on the request itself: a WeakMap entry for each request costs the garbage collector more. */
const TRACE = Symbol("trace");

/** The client's trace, or the start of an unsampled one; the same for every call on one request. */
export function traceContextOf(raw: IncomingMessage): TraceContext {
  const holder = raw as IncomingMessage & { [TRACE]?: TraceContext };
  holder[TRACE] ??= readTrace(raw.headers.traceparent);
  return holder[TRACE];
}

function readTrace(sent: unknown): TraceContext {
  const match = typeof sent === "string" ? TRACEPARENT.exec(sent) : null;
  if (match?.[1] !== undefined) return { traceparent: match[0], traceId: match[1] };
  const traceId = randomTraceId();
  return { traceparent: `00-${traceId}-${traceId.slice(8, 24)}-00`, traceId };
}
