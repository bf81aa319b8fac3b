/** One watch, from its version until it ends, for whatever reason. */
import type { Caller } from "./caller.ts";
import { ClusterError } from "./cluster-error.ts";
import { linesOf } from "./lines.ts";
import { type Raw, rawOf, textOf } from "./raw.ts";
import { refusal, type Subject } from "./refusals.ts";
import { readStatus } from "./status-words.ts";

export interface WatchRequest {
  readonly subject: Subject;
  /** With its selectors, without what a watch adds. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly fromVersion: string;
  readonly rules: WatchRules;
  readonly signal: AbortSignal;
}

export interface WatchRules {
  /** The server ends a watch after this long, which costs nothing: it goes on from the last version. */
  readonly watchMs: number;
  /** How much longer one may be silent before it is given up: its connection is gone and nobody has said so. */
  readonly silentMs: number;
  /** Until the head of the answer. */
  readonly headMs: number;
}

/** `BOOKMARK` has a version alone. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: Raw;
}

/** etcd takes objects of 1.5 MB; as JSON they are a little larger. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/**
 * @param onOpen the server has begun to answer. @param onEvent one event after the other.
 * Returns when the server ends it in order. @throws ClusterError, or the signal's reason.
 */
export async function watch(
  caller: Caller,
  request: WatchRequest,
  onOpen: () => void,
  onEvent: (event: WatchEvent) => void,
): Promise<void> {
  const { subject, path, fromVersion, rules, signal } = request;
  const query = new URLSearchParams(request.query);
  query.set("watch", "1");
  query.set("allowWatchBookmarks", "true");
  query.set("resourceVersion", fromVersion);
  query.set("timeoutSeconds", String(Math.max(1, Math.round(rules.watchMs / 1000))));

  const silent = new AbortController();
  const body = await caller.stream({
    subject,
    path: `${path}?${query}`,
    timeoutMs: rules.headMs,
    signal: AbortSignal.any([signal, silent.signal]),
  });
  onOpen();
  const timer = setTimeout(() => silent.abort(), rules.watchMs + rules.silentMs);
  try {
    for await (const line of linesOf(body, MAX_LINE_BYTES)) {
      timer.refresh();
      const event = readEvent(line, subject);
      if (event !== undefined) onEvent(event);
    }
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    if (signal.aborted) throw signal.reason;
    const why = silent.signal.aborted ? "fell silent" : "broke off";
    throw new ClusterError("unavailable", `The watch of ${subject.kind} ${why}.`);
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
}

/** Undefined for types that came later than this. @throws ClusterError for an ERROR event, or what is no event. */
function readEvent(line: string, subject: Subject): WatchEvent | undefined {
  let raw: Raw;
  try {
    raw = rawOf(JSON.parse(line));
  } catch {
    throw new ClusterError("unavailable", `The watch of ${subject.kind} holds what is no event.`);
  }
  const type = textOf(raw.type);
  const object = rawOf(raw.object);
  if (type === "ERROR") throw refusal(subject, readStatus(object, 500));
  return type === "ADDED" || type === "MODIFIED" || type === "DELETED" || type === "BOOKMARK"
    ? { type, object }
    : undefined;
}
