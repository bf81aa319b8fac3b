/** What a job's pod is made of: read by whoever makes it, and by nobody else. */
import type { Queryable } from "../../queryable.ts";
import type { Sealed } from "../../sealed.ts";

export interface JobStart {
  readonly image: string;
  readonly command: string | null;
  readonly keep: boolean;
  readonly gpu_type: string;
  readonly name: string | null;
  readonly username: string;
  readonly env_vars_sealed: Sealed | null;
  readonly host_key_sealed: Sealed | null;
  readonly github_user: string;
  /** Lines of authorized_keys. */
  readonly ssh_public_keys: readonly string[];
  readonly generation: number;
  readonly pod_name: string;
  readonly node_name: string;
  readonly gpus: number;
  readonly cpu_millis: number;
  readonly memory_mib: number;
  readonly disk_id: string | null;
}

const SQL = `
SELECT image, command, keep, gpu_type, name, username, env_vars_sealed, host_key_sealed,
  github_user, ssh_public_keys, reservations.generation, job_pods.pod_name, node_name, gpus,
  cpu_millis, memory_mib, disk_id
FROM reservations JOIN api_users USING (user_id)
JOIN job_pods ON job_pods.reservation_id = reservations.reservation_id
  AND job_pods.generation = reservations.generation AND released_at IS NULL
WHERE reservations.reservation_id = $1 AND lease_token = $2::uuid AND lease_until > now()`;

/** @returns undefined when the lease is over. */
export async function readJobStart(
  db: Queryable,
  { reservationId, lease }: { readonly reservationId: string; readonly lease: string },
): Promise<JobStart | undefined> {
  return (await db.query<JobStart>(SQL, [reservationId, lease])).rows[0];
}
