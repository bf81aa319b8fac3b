/** What the cluster shows of a job at this moment. */
import { type ClaimedJob, GIVEN_BACK } from "@airlock/jobs-store";
import type { Cluster, KubeNode } from "../cluster/index.ts";
import { identityOf } from "../pod/pod-names.ts";
import type { JobView } from "../reconcile/job-view.ts";
import { nodeSightOf, podSightOf, type Sight } from "../reconcile/sight.ts";

/** Undefined while nodes are not known. */
export type KnownNodes = () => ReadonlyMap<string, KubeNode> | undefined;

const NOTHING: Sight = { pod: undefined, node: undefined, isNameTaken: false };

/** Pods are asked for, not remembered: what is decided about may be a moment old, not older. */
export async function look(
  cluster: Cluster,
  nodes: KnownNodes,
  job: ClaimedJob,
  timeoutMs: number,
): Promise<Sight> {
  if (job.pod_name === null) return NOTHING;
  const pod = await cluster.get("pods", job.pod_name, { timeoutMs });
  const identity = pod && identityOf(pod);
  const isOwn = identity?.jobId === job.reservation_id && identity.generation === job.generation;
  const known = nodes();
  const nodeName = pod?.spec.nodeName || job.node_name;
  return {
    pod: pod && isOwn ? podSightOf(pod, job.generation) : undefined,
    isNameTaken: pod !== undefined && !isOwn,
    node:
      known === undefined || nodeName === null
        ? undefined
        : nodeSightOf(known.get(nodeName), job.is_node_another),
  };
}

export const viewOf = (job: ClaimedJob): JobView => ({
  jobId: job.reservation_id,
  status: job.status,
  endAs: job.end_as ?? undefined,
  gpuType: job.gpu_type,
  isOffered: job.is_offered,
  hasCommand: job.has_command,
  keep: job.keep,
  diskName: job.disk_name ?? undefined,
  isDiskGone: job.is_disk_gone,
  generation: job.generation,
  createdAtMs: job.created_at.getTime(),
  statusSinceMs: job.status_since.getTime(),
  launchedAtMs: job.launched_at?.getTime(),
  expiresAtMs: job.expires_at?.getTime(),
  warningsSent: job.warnings_sent,
  detail: job.current_detailed_status ?? undefined,
  hasLog: job.has_log,
  exitCode: job.exit_code ?? undefined,
  booking:
    job.pod_name === null || job.node_name === null
      ? undefined
      : {
          podName: job.pod_name,
          nodeName: job.node_name,
          memoryMib: job.memory_mib ?? 0,
          podUid: job.pod_uid ?? undefined,
          isGivenBack: job.phase === GIVEN_BACK,
        },
  chores: {
    hasFiles: job.files_uid !== null,
    filesVersion: job.files_version,
    putVersion: job.put_files_version ?? 0,
    pokesLeft: job.pokes_left ?? 0,
    pokeAtMs: job.poke_at?.getTime(),
    hasNextTask: job.next_task !== null,
    taskDueAtMs: job.task_due_at?.getTime(),
    hasBegunTasks: job.has_begun_tasks,
  },
});
