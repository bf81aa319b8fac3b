/** Writes down which pod is a job's: from now on no other one of its name is. */
import type { Queryable } from "../../queryable.ts";

export interface ProvePodArgs {
  readonly reservationId: string;
  readonly generation: number;
  readonly podUid: string;
  /** Where it runs, if that is not where it was booked. */
  readonly nodeName: string | undefined;
}

const SQL = `
UPDATE job_pods SET pod_uid = $3, node_name = coalesce($4, node_name)
WHERE reservation_id = $1 AND generation = $2::integer AND released_at IS NULL`;

export async function provePod(
  db: Queryable,
  { reservationId, generation, podUid, nodeName }: ProvePodArgs,
): Promise<void> {
  await db.query(SQL, [reservationId, generation, podUid, nodeName ?? null]);
}
