/** Gives a job back for which something went wrong: later each time. */
import type { Queryable } from "../../queryable.ts";
import { dueSql } from "./move-job.ts";

export interface FaultJobArgs {
  readonly reservationId: string;
  readonly lease: string;
  /** For operators. */
  readonly fault: string;
  /** For its owner; undefined: nothing to tell. */
  readonly detail?: string | undefined;
  readonly seconds: number;
}

const SQL = `
UPDATE reservations SET due_at = ${dueSql("$5")}, lease_token = NULL, lease_until = NULL,
  faults = faults + 1, last_fault = $3, current_detailed_status = coalesce($4, current_detailed_status)
WHERE reservation_id = $1 AND lease_token = $2::uuid`;

export async function faultJob(db: Queryable, args: FaultJobArgs): Promise<void> {
  const { reservationId, lease, fault, detail, seconds } = args;
  await db.query(SQL, [reservationId, lease, fault, detail ?? null, seconds]);
}
