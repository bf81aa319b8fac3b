/** Ends a job's use of its disk: nothing of the job is left. What it wrote is to be kept in a snapshot. */
import type { Queryable } from "../../queryable.ts";
import { SNAPSHOT_NAME } from "./snapshot-row.ts";

/** A snapshot that is not cut by then keeps no job waiting. */
const HOLD = "interval '2 minutes'";

const FREED = `
  UPDATE disks SET reservation_id = NULL, last_used = now()
  WHERE reservation_id = $1`;

// what never ran has written nothing
const SQL = `
WITH freed AS (
  UPDATE disks SET reservation_id = NULL, last_used = now(),
    due_at = CASE WHEN has_run THEN now() ELSE due_at END,
    held_until = CASE WHEN has_run THEN now() + ${HOLD} ELSE held_until END
  FROM (
    SELECT launched_at IS NOT NULL OR pod_logs IS NOT NULL AS has_run
    FROM reservations WHERE reservation_id = $1
  ) AS job
  WHERE reservation_id = $1
  RETURNING disk_id, has_run
)
INSERT INTO disk_snapshots (snapshot_id, disk_id, reservation_id, reason, snapshot_name)
SELECT id, disk_id, $1, 'job', ${SNAPSHOT_NAME("id")}
FROM (SELECT gen_random_uuid() AS id, disk_id FROM freed WHERE has_run) AS made`;

export interface FreeDiskArgs {
  readonly reservationId: string;
  /** Snapshots can be taken here. */
  readonly takesSnapshot: boolean;
}

export async function freeDisk(
  db: Queryable,
  { reservationId, takesSnapshot }: FreeDiskArgs,
): Promise<void> {
  await db.query(takesSnapshot ? SQL : FREED, [reservationId]);
}
