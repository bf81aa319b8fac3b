/** Writes down which pod is a job's: from now on no other one of its name is. */
import type { Queryable } from "../../queryable.ts";

export interface ProvePodArgs {
  readonly reservationId: string;
  readonly lease: string;
  readonly generation: number;
  readonly podUid: string;
  /** Where it runs, if that is known; it may not be where it was booked. */
  readonly nodeName: string | null;
}

const SQL = `
UPDATE job_pods SET pod_uid = $4, node_name = coalesce($5, node_name)
FROM reservations WHERE reservations.reservation_id = job_pods.reservation_id
  AND lease_token = $2::uuid AND lease_until > now()
  AND job_pods.reservation_id = $1 AND job_pods.generation = $3::integer AND released_at IS NULL`;

/** @returns false when the lease is over. */
export async function provePod(db: Queryable, args: ProvePodArgs): Promise<boolean> {
  const { reservationId, lease, generation, podUid, nodeName } = args;
  const values = [reservationId, lease, generation, podUid, nodeName];
  return (await db.query(SQL, values)).rowCount === 1;
}
