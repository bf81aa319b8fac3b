/** Takes jobs that somebody has to look at, each for one holder and for a while. */
import type { Queryable } from "../../queryable.ts";
import { TASK_COLUMNS, TASK_ORDER, type TaskRow } from "../tasks/task-row.ts";
import type { FinalState, JobState } from "./job-states.ts";

export interface ClaimDueJobsArgs {
  /** UUID of the holder: what it writes carries it. */
  readonly lease: string;
  readonly leaseSeconds: number;
  readonly limit: number;
}

/** A job as its processor sees it; no secret, and nothing that may be long. */
export interface ClaimedJob {
  readonly reservation_id: string;
  readonly status: JobState;
  /** The number of its last event. */
  readonly version: number;
  readonly end_as: FinalState | null;
  readonly gpu_type: string;
  readonly is_offered: boolean;
  readonly has_command: boolean;
  readonly keep: boolean;
  /** What its disk is called; null: it has none. */
  readonly disk_name: string | null;
  /** It asked for a disk that is not there. */
  readonly is_disk_gone: boolean;
  readonly jupyter_enabled: boolean;
  /** Of what its box's files are made of. */
  readonly files_version: number;
  readonly generation: number;
  readonly faults: number;
  readonly created_at: Date;
  readonly status_since: Date;
  readonly launched_at: Date | null;
  readonly expires_at: Date | null;
  readonly warnings_sent: Readonly<Record<string, unknown>>;
  readonly current_detailed_status: string | null;
  readonly failure_reason: string | null;
  readonly has_log: boolean;
  readonly exit_code: number | null;
  readonly oom_count: number;
  /** By which its box is reached. */
  readonly node_port: number | null;
  /** What it has booked; null: nothing. */
  readonly pod_name: string | null;
  readonly node_name: string | null;
  readonly memory_mib: number | null;
  readonly pod_uid: string | null;
  readonly phase: string | null;
  /** Null: its files are never put anew. */
  readonly files_uid: string | null;
  /** That its box has. */
  readonly put_files_version: number | null;
  readonly files_mark: string | null;
  readonly pokes_left: number | null;
  readonly poke_at: Date | null;
  /** What is to be begun next. */
  readonly next_task: TaskRow | null;
  /** When something else is. */
  readonly task_due_at: Date | null;
  /** Something is begun and not done. */
  readonly has_begun_tasks: boolean;
  /** The node came into being after the booking. */
  readonly is_node_another: boolean;
  /** The database's time. */
  readonly now: Date;
}

const WAITING = `
  SELECT job_tasks.due_at FROM job_tasks
  WHERE job_tasks.reservation_id = held.reservation_id AND state = 'waiting'`;

const SQL = `
WITH due AS (
  SELECT reservation_id FROM reservations
  WHERE due_at <= now() AND cleaned_at IS NULL AND (lease_until IS NULL OR lease_until <= now())
  ORDER BY due_at LIMIT $3::integer
  FOR UPDATE SKIP LOCKED
), held AS (
  UPDATE reservations SET lease_token = $1::uuid,
    lease_until = now() + make_interval(secs => $2::double precision),
    -- who dies with it is followed by another
    due_at = now() + make_interval(secs => $2::double precision)
  FROM due WHERE reservations.reservation_id = due.reservation_id
  RETURNING reservations.*
)
SELECT held.reservation_id, status, held.version, end_as, held.gpu_type,
  coalesce(gpu_types.is_active, false) AS is_offered, command IS NOT NULL AS has_command, keep,
  coalesce(disks.disk_name, held.disk_name) AS disk_name,
  held.disk_name IS NOT NULL AND disks.disk_id IS NULL AS is_disk_gone, held.generation, held.faults,
  held.created_at, status_since, launched_at, expires_at, warnings_sent,
  current_detailed_status, failure_reason, pod_logs IS NOT NULL AS has_log, exit_code, oom_count, node_port,
  job_pods.pod_name, job_pods.node_name, job_pods.memory_mib, job_pods.pod_uid, job_pods.phase,
  jupyter_enabled, held.files_version, job_pods.files_uid, job_pods.files_version AS put_files_version,
  job_pods.files_mark, job_pods.pokes_left, job_pods.poke_at, to_jsonb(next_task) AS next_task,
  (${WAITING} AND job_tasks.files_version IS NULL AND job_tasks.due_at > now() ORDER BY job_tasks.due_at LIMIT 1) AS task_due_at,
  EXISTS (${WAITING} AND job_tasks.files_version IS NOT NULL) AS has_begun_tasks,
  coalesce(nodes.first_seen_at > job_pods.booked_at, false) AS is_node_another, now() AS now
FROM held
LEFT JOIN disks ON disks.disk_id = held.disk_id
LEFT JOIN gpu_types ON gpu_types.gpu_type = held.gpu_type
LEFT JOIN job_pods ON job_pods.reservation_id = held.reservation_id
  AND job_pods.generation = held.generation AND job_pods.released_at IS NULL
LEFT JOIN nodes ON nodes.node_name = job_pods.node_name
LEFT JOIN LATERAL (
  SELECT ${TASK_COLUMNS} FROM job_tasks
  WHERE job_tasks.reservation_id = held.reservation_id AND state = 'waiting'
    AND job_tasks.files_version IS NULL AND job_tasks.due_at <= now()
  ORDER BY ${TASK_ORDER} LIMIT 1
) AS next_task ON true`;

export async function claimDueJobs(
  db: Queryable,
  { lease, leaseSeconds, limit }: ClaimDueJobsArgs,
): Promise<ClaimedJob[]> {
  return (await db.query<ClaimedJob>(SQL, [lease, leaseSeconds, limit])).rows;
}
