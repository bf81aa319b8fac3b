/** All state of one stand-in. */
import type { FaultBook } from "./faults/fault-book.ts";
import type { Quantities } from "./objects.ts";
import type { RequestLog } from "./request-log.ts";
import type { StoragePlay } from "./storage/storage-play.ts";
import type { Store } from "./store.ts";

export interface World {
  readonly store: Store;
  readonly faults: FaultBook;
  readonly requests: RequestLog;
  readonly storage: StoragePlay;
  /** Namespace → whether it is on its way out. */
  readonly namespaces: Map<string, { readonly isTerminating: boolean }>;
  /** Namespace → what it may hold: `pods`, `secrets`, …, `requests.nvidia.com/gpu` and the like. */
  readonly quotas: Map<string, Quantities>;
  /** Bearer tokens that are believed; undefined: nobody has to say who they are. */
  tokens: readonly string[] | undefined;
  /** Tokens of somebody who is known and may do nothing. */
  readonly powerless: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** As a real server names its own: what /version says. */
  readonly version: string;
  /** Every so often a watch is told the version, though nothing has changed. */
  readonly bookmarkMs: number;
}
