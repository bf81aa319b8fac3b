/** Takes disks that are due, and does for each what there is to do: volume, size, snapshots, what is in them, its end. */
import { randomUUID } from "node:crypto";
import {
  claimDueDisks,
  faultDisk,
  type Store,
  StoreError,
  settleDisk,
  type VolumeFault,
} from "@airlock/jobs-store";
import { type Cluster, ClusterError } from "../cluster/index.ts";
import type { Log } from "../log.ts";
import { wordsOf } from "../loop.ts";
import { LeaseLost, timeoutsWithin } from "../reconciler/hold.ts";
import { type DiskDeps, type DiskHold, VolumeTrouble } from "./disk-hold.ts";
import type { DiskRules } from "./disk-rules.ts";
import { type DiskStep, type DiskWork, worksOf } from "./disk-work.ts";

export interface DiskReconcilerOptions {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly rules: DiskRules;
  readonly leaseSeconds: number;
  readonly log: Log;
  /** A disk can be had by jobs that wait for it. */
  readonly onReady?: () => void;
  readonly onSnapshot?: (outcome: "ready" | "failed") => void;
  readonly onStep?: (step: DiskStep, outcome: "done" | "lost" | "faulted") => void;
}

const AT_ONCE = 10;
/** A quota that is used up, or a server that is away, may be no more in a while; somebody waits for an answer. */
const FAILS_AFTER_SECONDS = 600;
const LONGEST_SECONDS = 60;
/** What the cluster refuses may be allowed one day. */
const REFUSED_SECONDS = 300;

/** @returns a function that looks after all that are due, and tells whether there may be more. */
export function createDiskReconciler(options: DiskReconcilerOptions): () => Promise<boolean> {
  const { store, cluster, rules, leaseSeconds } = options;
  const { onReady = () => {}, onSnapshot = () => {} } = options;
  const deps: DiskDeps = { store, cluster, rules, onReady, onSnapshot };
  return async () => {
    const lease = randomUUID();
    const claimedAtMs = performance.now();
    const disks = await claimDueDisks(store.pool, { lease, leaseSeconds, limit: AT_ONCE });
    const timeoutMs = timeoutsWithin(leaseSeconds, claimedAtMs);
    const work = disks.map((disk) =>
      reconcile(options, deps, { disk, held: { diskId: disk.disk_id, lease }, timeoutMs }),
    );
    const done = await Promise.allSettled(work);
    for (const outcome of done) if (outcome.status === "rejected") throw outcome.reason;
    const isMore = done.some((outcome) => outcome.status === "fulfilled" && outcome.value);
    return isMore || disks.length === AT_ONCE;
  };
}

interface Trouble {
  readonly work: DiskWork;
  readonly error: unknown;
}

/**
 * @returns whether it is due again at once.
 * @throws StoreError when the database is away: the lease ends by itself.
 */
async function reconcile(
  { log, onStep = () => {} }: DiskReconcilerOptions,
  deps: DiskDeps,
  hold: DiskHold,
): Promise<boolean> {
  let soonest = Number.POSITIVE_INFINITY;
  const troubles: Trouble[] = [];
  for (const work of worksOf(hold.disk)) {
    try {
      const look = await work.run(deps, hold);
      onStep(work.step, "done");
      if (look === undefined) return false;
      soonest = Math.min(soonest, look ?? Number.POSITIVE_INFINITY);
    } catch (error) {
      const isLost = error instanceof LeaseLost;
      onStep(work.step, isLost ? "lost" : "faulted");
      if (isLost) return false;
      if (error instanceof StoreError) throw error;
      // nothing else of the disk has to wait for it
      troubles.push({ work, error });
    }
  }
  if (troubles.length > 0) return writeFault(deps, log, hold, troubles, soonest);
  const seconds = Number.isFinite(soonest) ? soonest : null;
  await settleDisk(deps.store.pool, { ...hold.held, seconds, operationIds: idsOf(hold) });
  return seconds === 0;
}

async function writeFault(
  { store }: DiskDeps,
  log: Log,
  hold: DiskHold,
  troubles: readonly Trouble[],
  soonest: number,
): Promise<boolean> {
  const { disk, held } = hold;
  let seconds = soonest;
  let volume: VolumeFault | undefined;
  for (const { work, error } of troubles) {
    const isClusters = error instanceof ClusterError;
    const isExpected = isClusters || error instanceof VolumeTrouble;
    const fields = {
      disk: disk.disk_id,
      step: work.step,
      fault: wordsOf(error),
      faults: disk.faults + 1,
    };
    if (isExpected) log.warn(fields, "the cluster did not do it for a disk; it is tried again");
    else log.error(fields, "a step for a disk failed");
    const isRefused = isClusters && error.isPermanent;
    const retryAfterMs = isClusters ? error.retryAfterMs : undefined;
    seconds = Math.min(seconds, isRefused ? REFUSED_SECONDS : waitOf(disk.faults, retryAfterMs));
    if (!work.isVolume) continue;
    // its owner is told
    const fault = isExpected ? wordsOf(error) : "The processor failed at it.";
    volume = { fault, failsAfterSeconds: isRefused ? 0 : FAILS_AFTER_SECONDS };
  }
  await faultDisk(store.pool, { ...held, seconds, operationIds: idsOf(hold), volume });
  return false;
}

const idsOf = ({ disk }: DiskHold): string[] =>
  disk.operations.map(({ operation_id }) => operation_id);

/** Not all at the same moment. */
function waitOf(faults: number, retryAfterMs = 0): number {
  const seconds = Math.min(2 ** faults, LONGEST_SECONDS);
  return Math.max(retryAfterMs / 1000, seconds * (0.5 + Math.random() / 2));
}
