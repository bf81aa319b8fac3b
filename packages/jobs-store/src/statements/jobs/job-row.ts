/** A job as its owner sees it. */
import type { Sealed } from "../../sealed.ts";
import type { FinalState, JobState } from "./job-states.ts";

export interface StatusChange {
  readonly status: JobState;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/** A job in a list: without what can be long. */
export interface ListedJobRow {
  readonly reservation_id: string;
  readonly user_id: number;
  readonly username: string;
  readonly status: JobState;
  /** The word that it is to end with; null: it is to run. */
  readonly end_as: FinalState | null;
  readonly name: string | null;
  readonly image: string;
  readonly command: string | null;
  readonly gpu_type: string;
  readonly gpu_count: number;
  readonly instance_type: string;
  readonly duration_hours: number;
  /** What the disk is called by now. */
  readonly disk_name: string | null;
  readonly disk_size_gb: number | null;
  readonly github_user: string;
  /** Null in rows of the first release. */
  readonly wanted_fingerprint: string | null;
  /** To the millisecond, as the database keeps it. */
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly launched_at: Date | null;
  readonly expires_at: Date | null;
  readonly failed_at: Date | null;
  readonly cancelled_at: Date | null;
  readonly reservation_ended: Date | null;
  readonly failure_reason: string | null;
  readonly current_detailed_status: string | null;
  readonly status_history: readonly StatusChange[];
  readonly namespace: string;
  readonly pod_name: string;
  readonly node_ip: string | null;
  readonly node_port: number | null;
  readonly fqdn: string | null;
  readonly ssh_command: string | null;
  /** Lines of known_hosts without the host; none before its pod is made. */
  readonly ssh_host_keys: readonly string[];
  readonly secondary_users: readonly string[];
  /** What the job declared, for tunnels. */
  readonly ports: readonly number[];
  readonly ebs_volume_id: string | null;
  readonly extension_error: string | null;
  readonly add_user_error: string | null;
  readonly jupyter_enabled: boolean;
  readonly jupyter_url: string | null;
  readonly jupyter_port: number | null;
  readonly jupyter_token_sealed: Sealed | null;
  readonly jupyter_error: string | null;
  readonly warning: string | null;
  readonly oom_count: number;
  readonly last_oom_at: Date | null;
  readonly oom_container: string | null;
}

export interface JobRow extends ListedJobRow {
  readonly pod_logs: string | null;
}

/** Without env_vars_sealed: whoever starts the pod reads it, nobody else. */
export const LISTED_JOB_COLUMNS = `
  reservation_id, user_id, username, status, end_as, name, image, command, gpu_type, gpu_count,
  instance_type, duration_hours, coalesce(
    (SELECT disks.disk_name FROM disks WHERE disks.disk_id = reservations.disk_id),
    reservations.disk_name
  ) AS disk_name, disk_size_gb, github_user, wanted_fingerprint, reservations.created_at,
  updated_at, launched_at, expires_at, failed_at, cancelled_at, reservation_ended, failure_reason,
  current_detailed_status, status_history, namespace, pod_name, node_ip, node_port, fqdn,
  ssh_command, ssh_host_keys, secondary_users, ports, ebs_volume_id, extension_error,
  add_user_error, jupyter_enabled, jupyter_url,
  jupyter_port, jupyter_token_sealed, jupyter_error, warning, oom_count, last_oom_at,
  oom_container`;

export const JOB_COLUMNS = `${LISTED_JOB_COLUMNS}, pod_logs`;
