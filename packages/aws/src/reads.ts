/** The words that all reads share: what a caller passes, and what it is told of the cache. */
import { ProblemError } from "@airlock/contract";
import { isOutage } from "./errors.ts";
import { RememberedRefusal } from "./read-cache/refusals.ts";

/** Where a value came from: the cache, AWS, an old entry while AWS is in trouble, or no cache at all. */
export type CacheState = "hit" | "miss" | "stale" | "bypass";

export interface Read<T> {
  readonly value: T;
  readonly cache: CacheState;
  /** Since AWS said so. */
  readonly ageSeconds: number;
}

/** Told of each read that was answered. */
export type ObserveRead = (kind: ReadKind, state: CacheState) => void;
export type ReadKind = "parameter" | "parameter_tree" | "parameter_list" | "bucket_list";

/** Tells of a read once it is answered; that there is nothing, or nothing to be had, is an answer, an outage is none. */
export async function observed<T>(
  observe: ObserveRead,
  kind: ReadKind,
  read: Promise<Read<T>>,
): Promise<Read<T>> {
  try {
    const answer = await read;
    observe(kind, answer.cache);
    return answer;
  } catch (problem) {
    if (problem instanceof RememberedRefusal) observe(kind, "hit");
    else if (problem instanceof ProblemError && !isOutage(problem)) observe(kind, "miss");
    throw problem;
  }
}

export interface CallOptions {
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal | undefined;
  /** Who asks, for an even share of what is scarce. */
  readonly caller?: string | undefined;
}

export interface ReadOptions extends CallOptions {
  readonly decrypt?: boolean | undefined;
  /** Asks AWS even where the cache has a fresh value. */
  readonly revalidate?: boolean | undefined;
}
