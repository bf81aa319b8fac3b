/** Takes jobs that are due, and does for each what it needs next. */
import { randomUUID } from "node:crypto";
import { type ClaimedJob, claimDueJobs, faultJob, StoreError } from "@airlock/jobs-store";
import { KeysUnavailable } from "../access/user-keys.ts";
import { ClusterError } from "../cluster/index.ts";
import type { Log } from "../log.ts";
import { wordsOf } from "../loop.ts";
import type { Limits } from "../reconcile/job-view.ts";
import { nextStep } from "../reconcile/next-step.ts";
import { fail, type Step } from "../reconcile/step.ts";
import { type CarryOutDeps, carryOut, end } from "./carry-out.ts";
import { type Hold, holdOf, LeaseLost } from "./hold.ts";
import { Impossible } from "./impossible.ts";
import { type KnownNodes, look, viewOf } from "./look.ts";

export interface ReconcilerOptions extends CarryOutDeps {
  readonly nodes: KnownNodes;
  readonly limits: Limits;
  readonly leaseSeconds: number;
  /** Jobs in work at once. */
  readonly atOnce: number;
  readonly log: Log;
  /** A place is free again. */
  readonly onPlace?: () => void;
  /** A job runs, so long after it got its node. */
  readonly onActive?: (gpuType: string, seconds: number) => void;
  readonly onStep?: (step: Step["do"] | "look", outcome: StepOutcome) => void;
}

export type StepOutcome = "done" | "lost" | "faulted";

export interface Reconciler {
  /** Takes as many as there are places for. @returns true when there may be more. */
  take(): Promise<boolean>;
  /** Resolves when nothing is in work. */
  settled(): Promise<void>;
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { store, leaseSeconds, atOnce, onPlace = () => {} } = options;
  const inWork = new Set<Promise<void>>();

  const begin = (hold: Hold) => {
    const work = reconcile(options, hold).finally(() => {
      inWork.delete(work);
      onPlace();
    });
    inWork.add(work);
  };
  return {
    async take() {
      const limit = atOnce - inWork.size;
      if (limit <= 0) return false;
      const claimedAtMs = performance.now();
      const lease = randomUUID();
      const jobs = await claimDueJobs(store.pool, { lease, leaseSeconds, limit });
      for (const job of jobs) begin(holdOf(job, lease, leaseSeconds, claimedAtMs));
      return false;
    },
    async settled() {
      while (inWork.size > 0) await Promise.all(inWork);
    },
  };
}

/** Never rejects: what goes wrong is written down with the job, or left to the end of its lease. */
async function reconcile(options: ReconcilerOptions, hold: Hold): Promise<void> {
  const { cluster, nodes, limits, log, onStep = () => {} } = options;
  const { job } = hold;
  let step: Step | undefined;
  try {
    const sight = await look(cluster, nodes, job, hold.timeoutMs());
    step = nextStep(viewOf(job), sight, limits, job.now.getTime());
    await carryOut(options, hold, step);
    options.store.ringForJobs([job.reservation_id]);
    onStep(step.do, "done");
    if (step.do === "activate") {
      options.onActive?.(job.gpu_type, (job.now.getTime() - job.status_since.getTime()) / 1000);
    }
    log.debug({ job: job.reservation_id, step: step.do }, "a step is done");
  } catch (error) {
    const isLost = error instanceof LeaseLost;
    onStep(step?.do ?? "look", isLost ? "lost" : "faulted");
    if (isLost) return;
    await writeFault(options, hold, step, error).catch((second) => {
      // the lease ends by itself, and somebody looks again
      log.debug(
        { job: job.reservation_id, reason: wordsOf(second) },
        "a fault is not written down",
      );
    });
  }
}

async function writeFault(
  { store, log }: ReconcilerOptions,
  hold: Hold,
  step: Step | undefined,
  error: unknown,
): Promise<void> {
  const { job, lease } = hold;
  const isMaking = step?.do === "make_pod";
  if (error instanceof Impossible || (isMaking && isPermanent(error))) {
    await end(store.pool, hold, fail("refused", error.message));
    return store.ringForJobs([job.reservation_id]);
  }
  if (isAway(error)) return;
  const isClusters = error instanceof ClusterError;
  const isKeys = error instanceof KeysUnavailable;
  const fault = isClusters ? `${error.kind}: ${error.message}` : wordsOf(error);
  const fields = { job: job.reservation_id, step: step?.do, fault, faults: job.faults + 1 };
  if (isClusters) log.warn(fields, "the cluster did not do it; it is tried again");
  else if (isKeys) log.warn(fields, "its owner's keys cannot be had; it is tried again");
  else log.error(fields, "a step failed");
  await faultJob(store.pool, {
    reservationId: job.reservation_id,
    lease,
    fault,
    // it waits for this, so its owner is told
    detail: isMaking && (isClusters || isKeys) ? error.message : undefined,
    seconds: waitOf(job, isClusters ? error.retryAfterMs : undefined),
  });
  store.ringForJobs([job.reservation_id]);
}

const isPermanent = (error: unknown): error is ClusterError =>
  error instanceof ClusterError && error.isPermanent;

const isAway = (error: unknown): boolean =>
  error instanceof StoreError && (error.code === "unavailable" || error.code === "unknown_outcome");

const LONGEST_SECONDS = 60;

/** Not all at the same moment. */
function waitOf({ faults }: ClaimedJob, retryAfterMs = 0): number {
  const seconds = Math.min(2 ** faults, LONGEST_SECONDS);
  return Math.max(retryAfterMs / 1000, seconds * (0.5 + Math.random() / 2));
}
