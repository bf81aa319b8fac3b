/** The user of an AWS identity, made at the first login. */
import { createHash } from "node:crypto";
import type { Queryable } from "../../queryable.ts";
import { insertUser } from "./insert-user.ts";
import { touchUser } from "./touch-user.ts";
import type { AwsIdentity, UserRow } from "./user-row.ts";

/** Longest name a user can have. */
const NAME_LIMIT = 255;

/**
 * Never makes a user active who is not. Where another identity has the name already (the same
 * session name in another account, or two that look alike once cleaned), the newcomer gets the name
 * with a suffix that stays the same for ever. The user's row stays locked until the transaction ends.
 *
 * @param username from the session name, made of `A–Z a–z 0–9 . _ -`.
 */
export async function upsertUser(
  db: Queryable,
  args: AwsIdentity & { readonly username: string },
): Promise<UserRow> {
  const user =
    (await touchUser(db, args)) ??
    (await insertUser(db, args)) ??
    // somebody was faster: the same identity, or another one with this name
    (await touchUser(db, args)) ??
    (await insertUser(db, { ...args, username: ownName(args) })) ??
    (await touchUser(db, args));
  if (!user) throw new Error("no name is left for this user");
  return user;
}

function ownName({
  account,
  role,
  sessionName,
  username,
}: AwsIdentity & { readonly username: string }): string {
  const identity = `${account}/${role}/${sessionName}`;
  const suffix = `-${createHash("sha256").update(identity).digest("hex").slice(0, 12)}`;
  return username.slice(0, NAME_LIMIT - suffix.length) + suffix;
}
