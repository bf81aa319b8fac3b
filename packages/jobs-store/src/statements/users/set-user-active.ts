/** Shuts a user out, or lets them in again: one whose data was erased, with nothing. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE api_users SET is_active = $2::boolean,
  deleting_since = CASE WHEN $2 THEN NULL ELSE deleting_since END,
  deleted_at = CASE WHEN $2 THEN NULL ELSE deleted_at END
WHERE user_id = $1::integer
  -- what is being erased is not theirs any more
  AND NOT ($2 AND deleting_since IS NOT NULL AND deleted_at IS NULL)`;

/** @returns false when there is no such user, or when they are being deleted and were to be let in. */
export async function setUserActive(
  db: Queryable,
  { userId, isActive }: { readonly userId: number; readonly isActive: boolean },
): Promise<boolean> {
  return (await db.query(SQL, [userId, isActive])).rowCount === 1;
}
