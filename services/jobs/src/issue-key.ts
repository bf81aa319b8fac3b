/** Gives the person behind an AWS identity a key, and makes them a user the first time. */
import { type AwsIdentity, newApiKey, usernameOf } from "@airlock/identity";
import {
  endOldestBeyond,
  insertKey,
  type Queryable,
  type UserRow,
  upsertUser,
} from "@airlock/jobs-store";

export interface IssuedKey {
  readonly user: UserRow;
  /** Shown to its owner, and kept nowhere. */
  readonly apiKey: string;
  readonly keyPrefix: string;
  readonly expiresAt: Date;
  /** Prefixes of the keys that had to end for it. */
  readonly ended: readonly string[];
}

/** Keys of one user that work at once; one more ends the oldest. */
const MAX_KEYS = 10;

/**
 * Run it in a transaction. The key's successors end with it: rotating does not prolong a login.
 *
 * @returns undefined for a user who is disabled, and stays so.
 */
export async function issueKey(
  transaction: Queryable,
  identity: AwsIdentity,
  ttlSeconds: number,
): Promise<IssuedKey | undefined> {
  const { account, role, sessionName, arn } = identity;
  const username = usernameOf(arn);
  // locks the user's row, so that keys of one user are made one after the other
  const user = await upsertUser(transaction, { account, role, sessionName, username });
  if (!user.is_active) return undefined;
  const { key, prefix, hash } = newApiKey();
  const row = await insertKey(transaction, {
    userId: user.user_id,
    keyHash: hash,
    keyPrefix: prefix,
    description: `AWS login from ${arn}`,
    ttlSeconds,
    loginTtlSeconds: ttlSeconds,
  });
  const ended = await endOldestBeyond(transaction, { userId: user.user_id, keep: MAX_KEYS });
  return { user, apiKey: key, keyPrefix: prefix, expiresAt: row.expires_at, ended };
}
