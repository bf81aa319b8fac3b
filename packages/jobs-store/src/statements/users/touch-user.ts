/** Notes a login of a known user, and locks the user's row until the transaction ends. */
import type { Queryable } from "../../queryable.ts";
import { type AwsIdentity, USER_COLUMNS, type UserRow } from "./user-row.ts";

const SQL = `
UPDATE api_users SET last_login_at = now()
WHERE aws_account = $1 AND aws_role = $2 AND aws_session = $3
RETURNING ${USER_COLUMNS}`;

export async function touchUser(
  db: Queryable,
  { account, role, sessionName }: AwsIdentity,
): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>(SQL, [account, role, sessionName]);
  return rows[0];
}
