/** Writes down which pod is a job's: from now on no other one of its name is. */
import type { Queryable } from "../../queryable.ts";

export interface ProvePodArgs {
  readonly reservationId: string;
  readonly generation: number;
  readonly podUid: string;
  /** Where it runs, if that is not where it was booked. */
  readonly nodeName: string | undefined;
  /** Lines of authorized_keys that it was made with. */
  readonly authorizedKeys: readonly string[];
  /** Of the Secret with its files. */
  readonly filesUid: string;
}

const SQL = `
UPDATE job_pods SET pod_uid = $3, node_name = coalesce($4, node_name),
  authorized_keys = $5::text[], files_uid = $6, files_version = (
    SELECT files_version FROM reservations
    WHERE reservations.reservation_id = job_pods.reservation_id
  )
WHERE reservation_id = $1 AND generation = $2::integer AND released_at IS NULL`;

export async function provePod(db: Queryable, args: ProvePodArgs): Promise<void> {
  const { reservationId, generation, podUid, nodeName, authorizedKeys, filesUid } = args;
  const pod = [reservationId, generation, podUid, nodeName ?? null];
  await db.query(SQL, [...pod, authorizedKeys, filesUid]);
}
