/** Gives a job back that nothing was done for. */
import type { Queryable } from "../../queryable.ts";
import { dueSql, keepingCalls } from "./move-job.ts";

export interface PutOffJobArgs {
  readonly reservationId: string;
  readonly lease: string;
  /** Until the next look; null: until somebody calls for one. */
  readonly seconds: number | null;
}

const SQL = `
UPDATE reservations SET due_at = ${keepingCalls(dueSql("$3"))},
  lease_token = NULL, lease_until = NULL, faults = 0, last_fault = NULL
WHERE reservation_id = $1 AND lease_token = $2::uuid`;

export async function putOffJob(
  db: Queryable,
  { reservationId, lease, seconds }: PutOffJobArgs,
): Promise<void> {
  await db.query(SQL, [reservationId, lease, seconds]);
}
