/** A whole list, page by page, each of them stripped before the next is asked for. */
import type { Caller } from "./caller.ts";
import type { Kind, Kinds } from "./cluster.ts";
import { ClusterError } from "./cluster-error.ts";
import type { Listed } from "./follow.ts";
import { KINDS } from "./kinds.ts";
import { listOf, rawOf, textOf } from "./raw.ts";
import type { Subject } from "./refusals.ts";

export interface ListRequest<K extends Kind> {
  readonly kind: K;
  readonly subject: Subject;
  readonly path: string;
  readonly query: URLSearchParams;
  /** For each page. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const PAGE = 500;
/** So that a list whose pages lead in a circle has an end. */
const MOST_PAGES = 1000;

export async function listPages<K extends Kind>(
  caller: Caller,
  request: ListRequest<K>,
  pageSize = PAGE,
): Promise<Listed<Kinds[K]>> {
  const { kind, subject, path, timeoutMs, signal } = request;
  const objects: Kinds[K][] = [];
  let next = "";
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = new URLSearchParams(request.query);
    if (pageSize > 0) query.set("limit", String(pageSize));
    if (next !== "") query.set("continue", next);
    let body: unknown;
    try {
      const target = query.size > 0 ? `${path}?${query}` : path;
      body = await caller.call({ subject, method: "GET", path: target, timeoutMs, signal });
    } catch (error) {
      // the version that the pages are of is compacted: all at once, then
      const isStale = error instanceof ClusterError && error.kind === "gone" && next !== "";
      if (isStale) return listPages(caller, request, 0);
      throw error;
    }
    const { metadata, items } = rawOf(body);
    for (const item of listOf(items)) objects.push(KINDS[kind].strip(item));
    const { resourceVersion, continue: more } = rawOf(metadata);
    next = textOf(more);
    if (next === "") return { objects, version: textOf(resourceVersion) };
  }
  throw new ClusterError("too_large", `The list of ${kind} does not end.`);
}
