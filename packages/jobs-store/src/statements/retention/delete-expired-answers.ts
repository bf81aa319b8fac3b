/** Forgets answers that were kept for a repeat which did not come in time. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
DELETE FROM idempotency_keys WHERE (user_id, route, idempotency_key) IN (
  SELECT user_id, route, idempotency_key FROM idempotency_keys WHERE expires_at <= now()
  ORDER BY expires_at LIMIT $1::integer
  FOR UPDATE SKIP LOCKED
)`;

/** @returns how many rows are gone. */
export async function deleteExpiredAnswers(db: Queryable, limit: number): Promise<number> {
  return (await db.query(SQL, [limit])).rowCount ?? 0;
}
