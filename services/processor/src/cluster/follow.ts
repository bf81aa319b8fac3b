/** List, then watch, again and again: what is known of a kind follows the cluster through whatever happens in between. */
import { setTimeout as sleep } from "node:timers/promises";
import { createBackOff } from "./back-off.ts";
import type { Caller } from "./caller.ts";
import type { Following, Kind, Kinds, Listener } from "./cluster.ts";
import { ClusterError } from "./cluster-error.ts";
import { KnownObjects } from "./known-objects.ts";
import { rawOf, textOf } from "./raw.ts";
import type { Subject } from "./refusals.ts";
import { type WatchEvent, type WatchRules, watch } from "./watch.ts";

export interface FollowRules extends WatchRules {
  /** A list now and then, whatever the watches say. */
  readonly relistMs: number;
  /** The first wait after trouble. */
  readonly firstWaitMs: number;
}

export const FOLLOW_RULES: FollowRules = {
  watchMs: 60_000,
  silentMs: 15_000,
  headMs: 10_000,
  relistMs: 300_000,
  firstWaitMs: 500,
};

export interface FollowRequest<K extends Kind> {
  readonly kind: K;
  readonly subject: Subject;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly list: (signal: AbortSignal) => Promise<Listed<Kinds[K]>>;
  readonly rules: FollowRules;
  readonly random: () => number;
}

export interface Listed<T> {
  readonly objects: T[];
  readonly version: string;
}

/** A watch that ends sooner has not gone well. */
const SHORT_MS = 1000;

export function follow<K extends Kind>(
  caller: Caller,
  request: FollowRequest<K>,
  listener: Listener<Kinds[K]>,
): Following<Kinds[K]> {
  const { rules, subject, path, query } = request;
  const closing = new AbortController();
  const { signal } = closing;
  const backOff = createBackOff(request.random, rules.firstWaitMs);
  const { promise: synced, resolve, reject } = Promise.withResolvers<void>();
  synced.catch(() => {}); // whoever waits for it hears of it
  let version: string | undefined;
  let listedAtMs = Number.NEGATIVE_INFINITY;
  let heardAtMs = Number.NEGATIVE_INFINITY;
  let isSynced = false;
  let isTroubled = false;

  const quietly = (tell: () => void) => {
    try {
      tell();
    } catch {
      // a listener of trouble that has trouble itself has nobody left to tell
    }
  };
  const trouble = (error: Error) => quietly(() => listener.troubled?.(error));
  const known = new KnownObjects(request.kind, listener, trouble);

  const heard = () => {
    heardAtMs = performance.now();
    if (!isTroubled) return;
    isTroubled = false;
    quietly(() => listener.recovered?.());
  };

  const onEvent = ({ type, object }: WatchEvent) => {
    heard();
    backOff.reset();
    if (type === "DELETED") known.deleted(object);
    else if (type !== "BOOKMARK") known.changed(object);
    version = textOf(rawOf(object.metadata).resourceVersion) || version;
  };

  /** Resolves when it has gone well; how long it took does not matter then. */
  const once = async () => {
    if (version === undefined || performance.now() - listedAtMs > rules.relistMs) {
      const listed = await request.list(signal);
      ({ version } = listed);
      listedAtMs = performance.now();
      heard();
      known.replaceBy(listed.objects);
      if (!isSynced) {
        isSynced = true;
        resolve();
        quietly(() => listener.synced?.());
      }
    }
    const openedAtMs = performance.now();
    const watched = { subject, path, query, fromVersion: version, rules, signal };
    await watch(caller, watched, heard, onEvent);
    heard();
    if (performance.now() - openedAtMs < SHORT_MS) {
      throw new ClusterError("unavailable", `The watch of ${subject.kind} ended at once.`);
    }
  };

  const run = async () => {
    while (!signal.aborted) {
      try {
        await once();
        backOff.reset();
      } catch (error) {
        if (signal.aborted) break;
        const isGone = error instanceof ClusterError && error.kind === "gone";
        if (isGone) version = undefined;
        else if (!isTroubled) {
          isTroubled = true;
          trouble(error instanceof Error ? error : new Error(String(error)));
        }
        const wishMs = error instanceof ClusterError ? error.retryAfterMs : undefined;
        await sleep(backOff.next(wishMs), undefined, { signal }).catch(() => {});
      }
    }
  };
  void run();

  return {
    objects: known.all,
    synced,
    get isSynced() {
      return isSynced;
    },
    get heardAtMs() {
      return heardAtMs;
    },
    close() {
      closing.abort(new Error("closed"));
      reject(new Error("closed before the first list"));
    },
  };
}
