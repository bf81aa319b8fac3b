/** What the files of a job's box are made of: read by whoever writes them, and by nobody else. */
import type { Queryable } from "../../queryable.ts";
import type { Sealed } from "../../sealed.ts";

export interface JobFiles {
  readonly files_version: number;
  readonly host_key_sealed: Sealed | null;
  /** Lines of authorized_keys, of all who may log in. */
  readonly authorized_keys: readonly string[];
  readonly jupyter_enabled: boolean;
  readonly jupyter_token_sealed: Sealed | null;
  readonly jupyter_port: number | null;
  readonly node_ip: string | null;
  readonly warning: string | null;
  readonly secondary_users: readonly string[];
  readonly generation: number;
  readonly pod_name: string;
  readonly pod_uid: string;
  readonly files_uid: string | null;
}

const SQL = `
SELECT reservations.files_version, host_key_sealed, jupyter_enabled, jupyter_token_sealed,
  jupyter_port, node_ip, warning, secondary_users, reservations.generation, job_pods.pod_name,
  pod_uid, files_uid,
  authorized_keys || ARRAY(
    SELECT unnest(ssh_public_keys) FROM job_tasks
    WHERE job_tasks.reservation_id = reservations.reservation_id AND state <> 'failed'
    ORDER BY created_at, task_id
  ) AS authorized_keys
FROM reservations
JOIN job_pods ON job_pods.reservation_id = reservations.reservation_id
  AND job_pods.generation = reservations.generation AND released_at IS NULL
WHERE reservations.reservation_id = $1 AND lease_token = $2::uuid AND lease_until > now()
  AND pod_uid IS NOT NULL`;

/** @returns undefined when the lease is over. */
export async function readJobFiles(
  db: Queryable,
  { reservationId, lease }: { readonly reservationId: string; readonly lease: string },
): Promise<JobFiles | undefined> {
  return (await db.query<JobFiles>(SQL, [reservationId, lease])).rows[0];
}
