/** How far the cluster has the files of a job's box, written by whoever holds the job. */
import type { Queryable } from "../../queryable.ts";

/** Its node may look at its own memory of the Secret, which is older: so it is told twice. */
const POKES = 2;
/** Between the two. */
const PAUSE_SECONDS = 3;

const HELD = `
WITH held AS (
  UPDATE reservations SET due_at = now(), lease_token = NULL, lease_until = NULL,
    faults = 0, last_fault = NULL
  WHERE reservation_id = $1 AND lease_token = $2::uuid AND lease_until > now()
  RETURNING reservation_id, generation
)`;

const PUT = `${HELD}
UPDATE job_pods SET files_version = $3::integer, files_uid = $4, files_mark = $5,
  pokes_left = ${POKES}, poke_at = now()
FROM held WHERE job_pods.reservation_id = held.reservation_id
  AND job_pods.generation = held.generation`;

export interface NoteFilesArgs {
  readonly reservationId: string;
  readonly lease: string;
  readonly version: number;
  readonly uid: string;
  readonly mark: string;
}

/** The Secret has this version; the pod is to be told. @returns false when the lease is over. */
export async function noteFiles(db: Queryable, args: NoteFilesArgs): Promise<boolean> {
  const { reservationId, lease, version, uid, mark } = args;
  return (await db.query(PUT, [reservationId, lease, version, uid, mark])).rowCount === 1;
}

const POKED = `${HELD}
UPDATE job_pods SET pokes_left = pokes_left - 1,
  poke_at = CASE WHEN pokes_left > 1 THEN now() + interval '${PAUSE_SECONDS} seconds' END
FROM held WHERE job_pods.reservation_id = held.reservation_id
  AND job_pods.generation = held.generation AND pokes_left > 0`;

/** The pod was told. @returns false when the lease is over. */
export async function notePoke(
  db: Queryable,
  { reservationId, lease }: Pick<NoteFilesArgs, "reservationId" | "lease">,
): Promise<boolean> {
  return (await db.query(POKED, [reservationId, lease])).rowCount === 1;
}
