/** Makes a user, unless the identity or the name is there already. */
import type { Queryable } from "../../queryable.ts";
import { type AwsIdentity, USER_COLUMNS, type UserRow } from "./user-row.ts";

const SQL = `
INSERT INTO api_users (aws_account, aws_role, aws_session, username)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
RETURNING ${USER_COLUMNS}`;

export async function insertUser(
  db: Queryable,
  { account, role, sessionName, username }: AwsIdentity & { readonly username: string },
): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>(SQL, [account, role, sessionName, username]);
  return rows[0];
}
