/** Gives a duty back: done, or failed and due again soon. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE duties SET lease_token = NULL, lease_until = NULL,
  due_at = now() + least(period_seconds,
    CASE WHEN $3::text IS NULL THEN period_seconds ELSE 10 END) * interval '1 second',
  finished_at = CASE WHEN $3::text IS NULL THEN now() ELSE finished_at END,
  faults = CASE WHEN $3::text IS NULL THEN 0 ELSE faults + 1 END, last_fault = $3
WHERE name = $1 AND lease_token = $2::uuid`;

/** @param fault undefined when it came to its end. */
export async function finishDuty(
  db: Queryable,
  {
    name,
    lease,
    fault,
  }: { readonly name: string; readonly lease: string; readonly fault?: string },
): Promise<void> {
  await db.query(SQL, [name, lease, fault ?? null]);
}
