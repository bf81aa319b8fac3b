/** The user that an operator names: by name, or as policies and logs call them. */
import type { AdminUser, AdminUsers } from "@airlock/contract";
import type { Api } from "../../api/api.ts";
import { CliError, EXIT } from "../../cli-error.ts";

/** @throws CliError; EXIT.notFound for whoever is no user. */
export async function findUser(api: Api, name: string): Promise<AdminUser> {
  const word = name.includes(":") ? { caller: name } : { username: name };
  const { users } = await api.get<AdminUsers>("/v1/admin/users", word);
  const [user] = users;
  if (user) return user;
  throw new CliError(EXIT.notFound, `There is no user ${JSON.stringify(name)}.`, {
    next: "`gpu-dev admin users list --contains PART` finds them.",
  });
}

export const userPath = ({ user_id }: AdminUser): string => `/v1/admin/users/${user_id}`;

export const USER_WORDS =
  "USER is a user's name, or as policies and logs call them: aws:111122223333:Developer:alice@example.com.";
