/** Makes changes of one user's keys wait for each other until the transaction ends. */
import type { Queryable } from "../../queryable.ts";
import { USER_COLUMNS, type UserRow } from "./user-row.ts";

const SQL = `
SELECT ${USER_COLUMNS} FROM api_users WHERE user_id = $1::integer FOR NO KEY UPDATE`;

export async function lockUser(db: Queryable, userId: number): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>(SQL, [userId]);
  return rows[0];
}
