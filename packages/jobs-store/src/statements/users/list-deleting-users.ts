/** Users of whom something is still to be erased. */
import type { Queryable } from "../../queryable.ts";

/** The duty of erasing it, as it is called among the duties. */
export const ERASE_DUTY = "deleted users";

const SQL = `
SELECT user_id FROM api_users WHERE deleting_since IS NOT NULL AND deleted_at IS NULL
ORDER BY deleting_since, user_id LIMIT $1::integer`;

export async function listDeletingUsers(db: Queryable, limit: number): Promise<number[]> {
  return (await db.query<{ user_id: number }>(SQL, [limit])).rows.map(({ user_id }) => user_id);
}
