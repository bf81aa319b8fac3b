/** What a job writes, as it comes: from its pod once it has one, to its end. */
import { setTimeout as sleep } from "node:timers/promises";
import { tailOf } from "@airlock/contract";
import { findJobLog, type Store } from "@airlock/jobs-store";
import { type Cluster, ClusterError, type LogQuery } from "../cluster/index.ts";

export interface FollowOptions {
  readonly store: Store;
  readonly cluster: Pick<Cluster, "streamLog">;
  readonly jobId: string;
  readonly query: LogQuery;
  /** Ends it with its reason. */
  readonly signal: AbortSignal;
  readonly pollMs?: number | undefined;
}

/** How often it is looked whether a job that waits has a pod that writes. */
const POLL_MS = 1000;

/** @throws ClusterError, StoreError, or the signal's reason. */
export async function* followLog({
  store,
  cluster,
  jobId,
  query,
  signal,
  pollMs = POLL_MS,
}: FollowOptions): AsyncGenerator<Buffer, void> {
  for (;;) {
    const job = await findJobLog(store.pool, jobId);
    if (job === undefined) return;
    if (job.is_over) {
      yield Buffer.from(tailOf(job.pod_logs ?? "", query.tailLines));
      return;
    }
    if (job.pod_name !== null) {
      try {
        yield* cluster.streamLog(job.pod_name, query, signal);
        return;
      } catch (error) {
        if (!(error instanceof ClusterError) || !NOT_YET.has(error.kind)) throw error;
      }
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** Its pod has not begun, or its place is taken by another one. */
const NOT_YET: ReadonlySet<string> = new Set(["not_found", "not_started", "invalid"]);
