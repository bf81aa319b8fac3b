/** Has a duty done at once, by whoever comes first. */
import type { Queryable } from "../../queryable.ts";

// what is never due nobody takes: it would be late for ever
const SQL = `
UPDATE duties SET due_at = least(due_at, now()) WHERE name = $1 AND isfinite(due_at)`;

/** @returns false when there is no such duty. */
export async function callDuty(db: Queryable, name: string): Promise<boolean> {
  return (await db.query(SQL, [name])).rowCount === 1;
}
