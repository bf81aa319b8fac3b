/** Says that somebody should look at these jobs now, also when somebody is looking. */
import type { Queryable } from "../../queryable.ts";

// in the order of ids, so that two callers never wait for each other
const SQL = `
WITH called AS (
  SELECT reservation_id FROM reservations
  WHERE reservation_id = ANY ($1::text[]) AND cleaned_at IS NULL
    AND (due_at IS NULL OR due_at > now())
  ORDER BY reservation_id FOR UPDATE
)
UPDATE reservations SET due_at = now()
FROM called WHERE reservations.reservation_id = called.reservation_id`;

export async function callForJobs(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query(SQL, [ids]);
}
