/** Takes a duty that is due, for one holder among all processors. */
import type { Queryable } from "../../queryable.ts";

export interface ClaimDutyArgs {
  readonly name: string;
  readonly periodSeconds: number;
  /** UUID. */
  readonly lease: string;
  readonly leaseSeconds: number;
}

const SQL = `
INSERT INTO duties (name, period_seconds, lease_token, lease_until)
VALUES ($1, $2::integer, $3::uuid, now() + make_interval(secs => $4::double precision))
ON CONFLICT (name) DO UPDATE SET period_seconds = excluded.period_seconds,
  lease_token = excluded.lease_token, lease_until = excluded.lease_until
WHERE duties.due_at <= now() AND (duties.lease_until IS NULL OR duties.lease_until <= now())`;

/** @returns false when it is not due, or somebody else's. */
export async function claimDuty(
  db: Queryable,
  { name, periodSeconds, lease, leaseSeconds }: ClaimDutyArgs,
): Promise<boolean> {
  return (await db.query(SQL, [name, periodSeconds, lease, leaseSeconds])).rowCount === 1;
}
