/** Shuts a user out for good and notes that everything of theirs is to be erased; their keys are gone at once. */
import type { Queryable } from "../../queryable.ts";

// the user's row first: a login that is under way is over then, and its key is among those that go
const MARK = `
UPDATE api_users SET is_active = false, deleting_since = coalesce(deleting_since, now())
WHERE user_id = $1::integer AND deleted_at IS NULL`;

/** What hangs on the user alone. */
const DROPPED = ["api_keys", "idempotency_keys", "quotas"];

/** Run it in a transaction. The rest is the duty of a processor: see eraseUsers. */
export async function beginDeletion(transaction: Queryable, userId: number): Promise<void> {
  await transaction.query(MARK, [userId]);
  for (const table of DROPPED) {
    await transaction.query(`DELETE FROM ${table} WHERE user_id = $1::integer`, [userId]);
  }
}
