/** Takes disks that are due: makes their volumes, and ends what was asked for. */
import { randomUUID } from "node:crypto";
import {
  claimDueDisks,
  type DueDisk,
  faultDisk,
  type Store,
  StoreError,
  settleDisk,
} from "@airlock/jobs-store";
import { type Cluster, ClusterError } from "../cluster/index.ts";
import type { Log } from "../log.ts";
import { wordsOf } from "../loop.ts";
import { claimManifest, claimNameOf, type DiskRules, isClaimOf } from "./claim-manifest.ts";

export interface DiskReconcilerOptions {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly rules: DiskRules;
  readonly leaseSeconds: number;
  readonly log: Log;
  /** A disk can be had by jobs that wait for it. */
  readonly onReady?: () => void;
}

const AT_ONCE = 10;
/** Of rows of the first release, which may have none. */
const SIZE_GB = 100;
/** A quota that is used up, or a server that is away, may be no more in a while; somebody waits for an answer. */
const FAILS_AFTER_SECONDS = 600;
const LONGEST_SECONDS = 60;
/** What the cluster refuses may be allowed one day. */
const REFUSED_SECONDS = 300;

/** @returns a function that looks after all that are due, and tells whether there may be more. */
export function createDiskReconciler(options: DiskReconcilerOptions): () => Promise<boolean> {
  const { store, leaseSeconds } = options;
  return async () => {
    const lease = randomUUID();
    const disks = await claimDueDisks(store.pool, { lease, leaseSeconds, limit: AT_ONCE });
    // a lease is long enough for one call to the cluster, so all are made at once
    const work = disks.map((disk) => reconcile(options, disk, lease));
    const done = await Promise.allSettled(work);
    for (const outcome of done) if (outcome.status === "rejected") throw outcome.reason;
    return disks.length === AT_ONCE;
  };
}

/** @throws StoreError when the database is away: the lease ends by itself. */
async function reconcile(
  options: DiskReconcilerOptions,
  disk: DueDisk,
  lease: string,
): Promise<void> {
  const { store, log, onReady = () => {} } = options;
  const { disk_id: diskId, state } = disk;
  const settle = (args: Pick<Parameters<typeof settleDisk>[1], "state" | "refusal">) =>
    settleDisk(store.pool, { diskId, lease, ...args });
  // what is changed of it besides stands in its row, and was done by whoever asked
  if (state !== "wanted") return void (await settle({ state }));
  if (disk.is_deleted) {
    const refusal = "It was deleted before its volume was made.";
    return void (await settle({ state, refusal }));
  }
  try {
    await makeOrFind(options, disk);
    if (await settle({ state: "ready" })) onReady();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const isClusters = error instanceof ClusterError;
    const isRefused = isClusters && error.isPermanent;
    const fields = { disk: diskId, fault: wordsOf(error), faults: disk.faults + 1 };
    if (isClusters) log.warn(fields, "a disk's volume was not made; it is tried again");
    else log.error(fields, "a disk's volume could not be made");
    await faultDisk(store.pool, {
      diskId,
      lease,
      // its owner is told
      fault: isClusters ? error.message : "The processor failed at it.",
      seconds: isRefused ? REFUSED_SECONDS : waitOf(disk, isClusters ? error.retryAfterMs : 0),
      failsAfterSeconds: isRefused ? 0 : FAILS_AFTER_SECONDS,
    });
  }
}

/** @throws ClusterError */
async function makeOrFind(
  { cluster, rules, leaseSeconds }: DiskReconcilerOptions,
  { disk_id: diskId, username: owner, size_gb }: DueDisk,
): Promise<void> {
  // both calls and the answer to them have to be within the lease
  const timeoutMs = (leaseSeconds * 1000) / 3;
  const wish = { diskId, owner, sizeGb: size_gb ?? SIZE_GB };
  try {
    await cluster.create("persistentvolumeclaims", claimManifest(wish, rules), { timeoutMs });
  } catch (error) {
    if (!(error instanceof ClusterError && error.kind === "already_exists")) throw error;
    const found = await cluster.get("persistentvolumeclaims", claimNameOf(diskId), { timeoutMs });
    if (found === undefined || !isClaimOf(found, diskId)) throw error;
  }
}

/** Not all at the same moment. */
function waitOf({ faults }: DueDisk, retryAfterMs = 0): number {
  const seconds = Math.min(2 ** faults, LONGEST_SECONDS);
  return Math.max(retryAfterMs / 1000, seconds * (0.5 + Math.random() / 2));
}
