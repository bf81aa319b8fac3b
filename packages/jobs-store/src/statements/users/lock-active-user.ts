/** Whether somebody is let in still, for what is begun in their name: who shuts them out waits until it is there. */
import type { Queryable } from "../../queryable.ts";

// where there are quotas, changes of a user wait for each other: a weak lock that became a strong one
// would have two of them wait for ever
const SQL = `
WITH alone AS (
  SELECT is_active FROM api_users
  WHERE user_id = $1::integer AND EXISTS (SELECT FROM quotas) FOR NO KEY UPDATE
), beside_others AS (
  SELECT is_active FROM api_users
  WHERE user_id = $1::integer AND NOT EXISTS (SELECT FROM quotas) FOR SHARE
)
SELECT is_active FROM alone UNION ALL SELECT is_active FROM beside_others`;

/** Run it before any other row is locked: the user's comes first everywhere. */
export async function lockActiveUser(transaction: Queryable, userId: number): Promise<boolean> {
  const { rows } = await transaction.query<{ is_active: boolean }>(SQL, [userId]);
  return rows[0]?.is_active === true;
}
