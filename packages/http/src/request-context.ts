/** Request id and W3C trace context: believed when well formed, made otherwise. */
import { randomFillSync, randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";

const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;
/**
 * https://www.w3.org/TR/trace-context-2/#traceparent-header: version, trace-id, parent-id, flags; in
 * versions to come more may follow. The flags are passed on as they are, those without a meaning too.
 */
const TRACEPARENT =
  /^(?:00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}|(?!00|ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?)$/;
/** https://www.w3.org/TR/trace-context-2/#tracestate-header: one member of the list; it may be empty. */
const MEMBER =
  /^(?:[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])?$/;
/** So much at least everybody passes on, and 32 members at most. */
const MAX_TRACESTATE = 512;
const MAX_MEMBERS = 32;
/** Of a trace that begins here: all of its id is random, and nobody samples it yet. */
const RANDOM_FLAG = "02";

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
  /** What others keep of the trace; never without the client's own traceparent. */
  readonly tracestate?: string;
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
  holder[TRACE] ??= readTrace(raw.headers);
  return holder[TRACE];
}

/** What names a request to the service behind, for whose lines it is the same one. */
export function onwardHeaders({ id, raw }: Pick<FastifyRequest, "id" | "raw">) {
  const { traceparent, tracestate } = traceContextOf(raw);
  return { "x-request-id": id, traceparent, ...(tracestate !== undefined && { tracestate }) };
}

/** @returns undefined for what is no well-formed traceparent. */
export function traceIdOf(traceparent: string): string | undefined {
  const match = TRACEPARENT.exec(traceparent);
  return match?.[1] ?? match?.[2];
}

function readTrace({ traceparent, tracestate }: IncomingHttpHeaders): TraceContext {
  if (typeof traceparent !== "string") return newTrace();
  const traceId = traceIdOf(traceparent);
  if (traceId === undefined) return newTrace();
  return isTracestate(tracestate) ? { traceparent, traceId, tracestate } : { traceparent, traceId };
}

function newTrace(): TraceContext {
  const traceId = randomTraceId();
  return { traceparent: `00-${traceId}-${traceId.slice(8, 24)}-${RANDOM_FLAG}`, traceId };
}

/** What came in several headers Node has joined, as the members of one list. */
function isTracestate(sent: unknown): sent is string {
  if (typeof sent !== "string" || sent.length > MAX_TRACESTATE) return false;
  const members = sent.split(",").map((member) => member.trim());
  return members.length <= MAX_MEMBERS && members.every((member) => MEMBER.test(member));
}
