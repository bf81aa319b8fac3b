/** What is known about a stored key, and whether it opens the door. */
import * as z from "zod";
import { isAllowedRole } from "../allowed-role.ts";

export const ValidKey = z.object({
  state: z.literal("valid"),
  user_id: z.int().meta({ minimum: 1, maximum: 2_147_483_647 }),
  /** A label for people; whose key it is, the next three tell. */
  username: z.string(),
  account: z.string().regex(/^\d{12}$/),
  role: z.string().min(1),
  session: z.string().min(1),
  key_prefix: z.string(),
  /** ISO 8601, by the database's clock. */
  expires_at: z.iso.datetime({ offset: true }),
  /** From the look-up to `expires_at`, so that nobody needs the database's clock. */
  remaining_ms: z.number().positive(),
});

export const RefusedKey = z.object({
  /**
   * - `unknown`: no such key
   * - `disabled`: its user is
   * - `wrong_role`: its user's account or role is not allowed (any more)
   */
  state: z.enum(["unknown", "expired", "revoked", "disabled", "wrong_role"]),
});

/** What a look-up by hash tells. Plain JSON, so that it can cross the wire between services. */
export type KeyLookup = z.infer<typeof ValidKey> | z.infer<typeof RefusedKey>;

/** A key of the database beside its user. */
export interface StoredKey {
  readonly userId: number;
  readonly username: string;
  readonly account: string;
  readonly role: string;
  readonly session: string;
  readonly keyPrefix: string;
  readonly isUserActive: boolean;
  readonly isKeyActive: boolean;
  readonly expiresAt: Date;
  /** `expires_at` minus the database's time, in milliseconds. */
  readonly remainingMs: number;
}

export interface AllowedIdentity {
  /** Account ids of 12 digits. */
  readonly accounts: readonly string[];
  /** The role's name, exactly, or a permission set's (see allowed-role.ts). */
  readonly role: string;
}

/** The verdict on a stored key; a user who is disabled comes first, as in the seed. */
export function judgeKey(key: StoredKey | undefined, allowed: AllowedIdentity): KeyLookup {
  if (key === undefined) return { state: "unknown" };
  if (!key.isUserActive) return { state: "disabled" };
  if (!key.isKeyActive) return { state: "revoked" };
  if (key.remainingMs <= 0) return { state: "expired" };
  if (!isAllowedRole(allowed.role, key.role) || !allowed.accounts.includes(key.account)) {
    return { state: "wrong_role" };
  }
  return {
    state: "valid",
    user_id: key.userId,
    username: key.username,
    account: key.account,
    role: key.role,
    session: key.session,
    key_prefix: key.keyPrefix,
    expires_at: key.expiresAt.toISOString(),
    remaining_ms: key.remainingMs,
  };
}
