/** Which pods nobody has booked any more. */
import type { Queryable } from "../../queryable.ts";

export interface SeenPod {
  readonly reservationId: string;
  readonly generation: number;
  readonly uid: string;
}

/**
 * - orphan: its job is over, has a later pod, or knows that another one is its own
 * - unknown: there is no such job here, as in a database that was restored
 */
export interface StrayPod {
  readonly uid: string;
  readonly stray: "orphan" | "unknown";
}

const SQL = `
SELECT uid, CASE WHEN reservations.reservation_id IS NULL THEN 'unknown' ELSE 'orphan' END AS stray
FROM unnest($1::text[], $2::integer[], $3::text[]) AS seen (id, generation, uid)
LEFT JOIN reservations ON reservation_id = seen.id
WHERE reservation_id IS NULL OR (
  reservations.generation >= seen.generation AND NOT EXISTS (
    SELECT FROM job_pods WHERE job_pods.reservation_id = seen.id
      AND job_pods.generation = seen.generation AND released_at IS NULL
      AND (pod_uid IS NULL OR pod_uid = seen.uid)
  )
)`;

export async function findOrphans(db: Queryable, pods: readonly SeenPod[]): Promise<StrayPod[]> {
  if (pods.length === 0) return [];
  const values = [
    pods.map(({ reservationId }) => reservationId),
    pods.map(({ generation }) => generation),
    pods.map(({ uid }) => uid),
  ];
  return (await db.query<StrayPod>(SQL, values)).rows;
}
