/** A page of all users, newest first. */
import type { Queryable } from "../../queryable.ts";
import { type AdminUserRow, adminUsersOf } from "./admin-user-row.ts";
import type { AwsIdentity } from "./user-row.ts";

export type UserState = "active" | "disabled" | "deleting" | "deleted";

export interface ListUsersArgs {
  readonly username?: string | undefined;
  readonly identity?: AwsIdentity | undefined;
  /** Of name or session, letter by letter but for upper and lower case: `%` and `_` mean themselves. */
  readonly contains?: string | undefined;
  readonly state?: UserState | undefined;
  /** Begin behind this user. */
  readonly after?: number | undefined;
  readonly limit: number;
}

const SQL = adminUsersOf(`(
  SELECT * FROM api_users
  WHERE ($1::text IS NULL OR username = $1)
    AND ($2::text IS NULL OR (aws_account, aws_role, aws_session) = ($2, $3::text, $4::text))
    AND ($5::text IS NULL OR strpos(lower(username), lower($5)) > 0
      OR strpos(lower(aws_session), lower($5)) > 0)
    AND ($6::text IS NULL OR $6 = CASE WHEN deleted_at IS NOT NULL THEN 'deleted'
      WHEN deleting_since IS NOT NULL THEN 'deleting'
      WHEN is_active THEN 'active' ELSE 'disabled' END)
    AND ($7::integer IS NULL OR user_id < $7)
  ORDER BY user_id DESC LIMIT $8::integer
) AS api_users`);

export async function listUsers(db: Queryable, args: ListUsersArgs): Promise<AdminUserRow[]> {
  const { username, identity, contains, state, after, limit } = args;
  const { account, role, sessionName } = identity ?? {};
  const who = [username ?? null, account ?? null, role ?? null, sessionName ?? null];
  const values = [...who, contains ?? null, state ?? null, after ?? null, limit];
  return (await db.query<AdminUserRow>(SQL, values)).rows;
}
