/** A row of the database as a client sees it. */
import type { Job } from "@airlock/contract";
import type { JobRow, ListedJobRow, Sealer } from "@airlock/jobs-store";
import { isoTime, isoTimeOrNull } from "../times.ts";

const SSH_PORT = 22;

export function jobBody(row: JobRow | ListedJobRow, sealer: Sealer): Job {
  const { reservation_id } = row;
  const jupyter_token = openToken(row, sealer);
  return {
    job_id: reservation_id,
    reservation_id,
    user_id: row.username,
    status: row.status,
    gpu_type: row.gpu_type,
    gpu_count: row.gpu_count,
    instance_type: row.instance_type,
    image: row.image,
    duration_hours: row.duration_hours,
    created_at: isoTime(row.created_at),
    expires_at: isoTimeOrNull(row.expires_at),
    name: row.name,
    pod_name: row.pod_name,
    node_ip: row.node_ip,
    node_port: row.node_port,
    ssh_command: row.status === "active" ? sshCommandOf(row) : null,
    jupyter_enabled: row.jupyter_enabled,
    jupyter_url: row.jupyter_url && urlWith(row.jupyter_url, jupyter_token),
    jupyter_token,
    github_user: row.github_user,
    secondary_users: [...row.secondary_users],
    oom_count: row.oom_count,
    ...(row.ports.length > 0 && { ports: [...row.ports] }),
    ...(row.ssh_host_keys.length > 0 && { ssh_host_keys: [...row.ssh_host_keys] }),
    ...withoutNulls({
      launched_at: isoTimeOrNull(row.launched_at),
      fqdn: row.fqdn,
      failure_reason: row.failure_reason,
      current_detailed_status: row.current_detailed_status,
      pod_logs: "pod_logs" in row ? row.pod_logs : null,
      warning: row.warning,
      disk_name: row.disk_name,
      ebs_volume_id: row.ebs_volume_id,
      last_oom_at: isoTimeOrNull(row.last_oom_at),
      jupyter_port: row.jupyter_port,
      jupyter_error: row.jupyter_error,
      extension_error: row.extension_error,
      add_user_error: row.add_user_error,
    }),
  };
}

/** A client takes an active job without a command for a fault, so there is always one. */
function sshCommandOf({ ssh_command, fqdn, node_ip, node_port, pod_name }: ListedJobRow): string {
  if (ssh_command?.startsWith("ssh ")) return ssh_command;
  const host = fqdn ?? node_ip;
  return host === null ? `ssh ${pod_name}` : `ssh -p ${node_port ?? SSH_PORT} dev@${host}`;
}

/** The rest of a job can be shown when its token cannot be opened any more. */
function openToken(
  { reservation_id, jupyter_token_sealed }: ListedJobRow,
  sealer: Sealer,
): string | null {
  if (jupyter_token_sealed === null) return null;
  const place = { reservationId: reservation_id, column: "jupyter_token" } as const;
  try {
    return sealer.open(place, jupyter_token_sealed);
  } catch {
    return null;
  }
}

/** The address that opens Jupyter without a question; in the database it is without the token. */
const urlWith = (url: string, token: string | null): string =>
  token === null ? url : `${url}?token=${token}`;

type NonNull<T> = { [K in keyof T]?: NonNullable<T[K]> };

function withoutNulls<T extends object>(members: T): NonNull<T> {
  const entries = Object.entries(members).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as NonNull<T>;
}
