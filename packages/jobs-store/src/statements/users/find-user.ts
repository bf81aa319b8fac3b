/** One user as operators see them. */
import type { Queryable } from "../../queryable.ts";
import { type AdminUserRow, adminUsersOf } from "./admin-user-row.ts";

const SQL = adminUsersOf("(SELECT * FROM api_users WHERE user_id = $1::integer) AS api_users");

export async function findUser(db: Queryable, userId: number): Promise<AdminUserRow | undefined> {
  return (await db.query<AdminUserRow>(SQL, [userId])).rows[0];
}
