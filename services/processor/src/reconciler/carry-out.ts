/** Carries a step out: one effect on the cluster at most, then the row, guarded by the lease. */
import {
  type ClaimedJob,
  dropTasks,
  findPullFailures,
  freeDisk,
  giveBackPod,
  insertTask,
  putOffJob,
  type Queryable,
  releasePods,
  type Transaction,
} from "@airlock/jobs-store";
import { ClusterError } from "../cluster/index.ts";
import type { End, Step } from "../reconcile/step.ts";
import { poke, putFiles } from "./box-files.ts";
import { type Hold, move, moveUnchanged, tell } from "./hold.ts";
import { lastLinesOf, readLastWords } from "./last-words.ts";
import { type MakePodDeps, makePod } from "./make-pod.ts";
import { beginTask, finishTasks, NO_JUPYTER } from "./tasks.ts";

export interface CarryOutDeps extends MakePodDeps {
  /** A node has room again. */
  readonly onFreed: (gpuType: string) => void;
  /** What a job leaves on its disk is kept in a snapshot. */
  readonly takesSnapshots: boolean;
}

/** Events come within; this is for a watch that is down. */
const REMOVAL_SECONDS = 5;
/** Tries to read a log before it is given up: its pod has to go some time. */
const LOG_TRIES = 3;

const event = (kind: string, data: object = {}) => ({ kind, actor: "processor", data }) as const;

/** @throws ClusterError, StoreError, LeaseLost, Impossible. */
export async function carryOut(deps: CarryOutDeps, hold: Hold, step: Step): Promise<void> {
  const { store, cluster } = deps;
  const { job, lease } = hold;
  const { reservation_id: reservationId, gpu_type: gpuType } = job;
  const putOff = (seconds: number | null) =>
    putOffJob(store.pool, { reservationId, lease, seconds });

  switch (step.do) {
    case "wait": {
      const { detail, seconds, kind = "progress", words } = step;
      if (detail === undefined || detail === job.current_detailed_status) return putOff(seconds);
      if (kind === "pull_failed") return tellTry(deps, hold, { seconds, detail, words });
      if (job.status !== "active") {
        return tell(store.pool, hold, { seconds, detail, kind, data: { words } });
      }
      return move(store.pool, hold, {
        set: { detailedStatus: detail },
        dueInSeconds: seconds,
        event: event(kind, { detail }),
      });
    }
    case "make_pod":
      return makePod(deps, hold);
    case "activate":
      await store.transaction(async (transaction) => {
        await move(transaction, hold, {
          to: "active",
          set: {
            nodeIp: step.nodeIp,
            detailedStatus: step.detail,
            ...sshOf(deps, job, step.nodeIp),
          },
          dueInSeconds: 0,
          event: event("active", { node: job.node_name }),
        });
        // as it was submitted
        if (job.jupyter_enabled)
          await insertTask(transaction, { reservationId, kind: "jupyter_on" });
      });
      return;
    case "warn":
      return moveUnchanged(store.pool, hold, {
        set: {
          warning: step.text,
          warningsSent: { ...job.warnings_sent, ...step.sent },
          filesChanged: true,
        },
        dueInSeconds: 0,
        event: event("warned", { warning: step.text }),
      });
    case "begin_task":
      return beginTask(deps, hold);
    case "put_files":
      return putFiles(deps, hold);
    case "poke":
      return poke(deps, hold);
    case "finish_tasks":
      return finishTasks(deps, hold);
    case "end":
      return end(store.pool, hold, step);
    case "keep_log":
      return keepLog(deps, hold);
    case "remove_pod": {
      const removal = await cluster.remove("pods", job.pod_name ?? "", step.uid, {
        timeoutMs: hold.timeoutMs(),
        ...(step.isForced && { graceSeconds: 0 }),
      });
      return putOff(removal === "ending" ? REMOVAL_SECONDS : 0);
    }
    case "give_back":
      await cluster.remove("pods", job.pod_name ?? "", step.uid, { timeoutMs: hold.timeoutMs() });
      await store.transaction(async (transaction) => {
        const set = { detailedStatus: step.detail };
        const told = event("refused_by_node", { node: job.node_name, detail: step.detail });
        await move(transaction, hold, { set, dueInSeconds: 0, event: told });
        await giveBackPod(transaction, reservationId);
      });
      return;
    case "requeue":
      await store.transaction(async (transaction) => {
        const set = { detailedStatus: step.detail };
        await move(transaction, hold, {
          to: "queued",
          set,
          dueInSeconds: 60,
          event: event("queued"),
        });
        await release(deps, transaction, reservationId);
      });
      return deps.onFreed(gpuType);
    case "finish":
      await store.transaction(async (transaction) => {
        await move(transaction, hold, {
          to: step.as,
          set: {
            warning: null,
            ...NO_JUPYTER,
            ...(step.reason !== undefined && { failureReason: step.reason }),
          },
          isCleaned: true,
          event: event(step.as, { reason: step.reason }),
        });
        await release(deps, transaction, reservationId);
        await dropTasks(transaction, reservationId);
      });
      return deps.onFreed(gpuType);
    case "clean":
      await store.transaction(async (transaction) => {
        await move(transaction, hold, { isCleaned: true, event: event("cleaned") });
        await release(deps, transaction, reservationId);
      });
      return deps.onFreed(gpuType);
  }
}

interface FailedTry {
  readonly seconds: number | null;
  readonly detail: string;
  readonly words: string | undefined;
}

/** A node waits ten seconds at least before it tries again: what is seen again sooner is the same try. */
const SAME_TRY_SECONDS = 8;

/** Each try is told, and counted. */
async function tellTry(
  { store }: CarryOutDeps,
  hold: Hold,
  { seconds, detail, words }: FailedTry,
): Promise<void> {
  const { lease, job } = hold;
  const { reservation_id: reservationId } = job;
  const { count, age_seconds: age } = await findPullFailures(store.pool, reservationId);
  if (age !== null && age < SAME_TRY_SECONDS) {
    return putOffJob(store.pool, { reservationId, lease, seconds });
  }
  const told = count === 0 ? detail : `${detail} (try ${count + 1})`;
  return move(store.pool, hold, {
    set: { detailedStatus: told },
    dueInSeconds: seconds,
    event: event("pull_failed", { detail: told, try: count + 1, words }),
  });
}

function sshOf(
  { access }: CarryOutDeps,
  { node_port, pod_name }: ClaimedJob,
  nodeIp: string | null,
) {
  // a name that `gpu-dev config ssh` leads through the tunnel
  if (!access.hasNodePorts && pod_name !== null) return { sshCommand: `ssh ${pod_name}` };
  if (node_port === null || nodeIp === null) return {};
  return { sshCommand: `ssh -p ${node_port} ${access.sshUser}@${nodeIp}` };
}

/** Nothing of it is left: others may have what it had. */
async function release(
  { takesSnapshots: takesSnapshot }: CarryOutDeps,
  transaction: Transaction,
  reservationId: string,
): Promise<void> {
  await releasePods(transaction, reservationId);
  await freeDisk(transaction, { reservationId, takesSnapshot });
}

/** It is to end: what is left of it is taken away before it is told that it has. */
export function end(db: Queryable, hold: Hold, step: End): Promise<void> {
  const { as, kind, reason, exitCode, oomContainer } = step;
  return moveUnchanged(db, hold, {
    set: {
      endAs: as,
      ...(reason !== undefined && { failureReason: reason }),
      ...(exitCode !== undefined && { exitCode }),
      ...(oomContainer !== undefined && { oomCount: hold.job.oom_count + 1, oomContainer }),
    },
    dueInSeconds: 0,
    event: event(kind, { reason, exit_code: exitCode }),
  });
}

async function keepLog({ store, cluster }: CarryOutDeps, hold: Hold): Promise<void> {
  const { job } = hold;
  const log = await readLastWords(cluster, job.pod_name ?? "", hold.timeoutMs()).catch(
    (error: unknown) => {
      if (error instanceof ClusterError && job.faults >= LOG_TRIES) return "";
      throw error;
    },
  );
  const lines = job.exit_code ? lastLinesOf(log) : "";
  await move(store.pool, hold, {
    set: {
      podLogs: log,
      ...(lines !== "" && { failureReason: `${job.failure_reason} Its last lines:\n${lines}` }),
    },
    dueInSeconds: 0,
    event: event("log_kept", { bytes: Buffer.byteLength(log) }),
  });
}
