/** Writes down with which files a job's pod was made: it has all that it needs from now on. */
import type { Queryable } from "../../queryable.ts";

export interface NoteFirstFilesArgs {
  readonly reservationId: string;
  readonly generation: number;
  /** Lines of authorized_keys. */
  readonly authorizedKeys: readonly string[];
  /** Of the Secret. */
  readonly filesUid: string;
}

const SQL = `
UPDATE job_pods SET authorized_keys = $3::text[], files_uid = $4, files_version = (
    SELECT files_version FROM reservations
    WHERE reservations.reservation_id = job_pods.reservation_id
  )
WHERE reservation_id = $1 AND generation = $2::integer AND released_at IS NULL`;

/** Run it in the transaction that tells of the pod. */
export async function noteFirstFiles(db: Queryable, args: NoteFirstFilesArgs): Promise<void> {
  const { reservationId, generation, authorizedKeys, filesUid } = args;
  await db.query(SQL, [reservationId, generation, authorizedKeys, filesUid]);
}
