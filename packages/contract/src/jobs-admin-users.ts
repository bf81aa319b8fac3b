/** Users and their keys as operators see them, on the wire. */
import * as z from "zod";
import { ApiKeys } from "./jobs-login.ts";
import { count, ordinal, whole } from "./numbers.ts";
import { cursorWord, limitWord, MAX_PAGE } from "./query-words.ts";
import { timestamp } from "./timestamp.ts";

export const USER_STATES = ["active", "disabled", "deleting", "deleted"] as const;

/** A word that is looked for as it stands: no sign in it means anything. */
const word = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => !text.includes("\0") && text.isWellFormed(), { error: "is no text" });

/** Why an operator does something: shown to whom it concerns. */
export const reason = word(500)
  .refine((text) => text.trim() !== "" && !/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(text), {
    error: "is one line of text, without signs that steer a terminal",
  })
  .describe("One line; whom it concerns reads it.");

export const AdminUser = z
  .object({
    user_id: ordinal,
    username: z.string(),
    caller: z.string().meta({
      description: "As policies and logs call them.",
      example: "aws:111122223333:Developer:alice@example.com",
    }),
    state: z.enum(USER_STATES).meta({
      description:
        "deleting: their data is being erased; deleted: it is, and they stay disabled until they are enabled.",
    }),
    created_at: timestamp,
    last_login_at: timestamp,
    keys: count.meta({ description: "That work, or would if the user were active." }),
    live_jobs: count,
    gpus: count.meta({ description: "Of live jobs, waiting ones included." }),
    disks: count.meta({ description: "That are not deleted." }),
    left: z
      .object({ jobs: count, disks: count })
      .optional()
      .meta({ description: "While deleting: what is still to be erased." }),
    deleted_at: timestamp.optional(),
  })
  .meta({
    id: "AdminUser",
  });

export const AdminUsers = z
  .object({
    users: z.array(AdminUser),
    limit: whole(1, MAX_PAGE),
    next_cursor: z.string().nullable().meta({ description: "null on the last page." }),
  })
  .meta({ id: "AdminUsers", description: "Users, newest first." });

export const AdminUsersQuery = z.strictObject({
  username: word(255).optional().describe("The one user of this name."),
  caller: word(512).optional().describe("The one user whom policies and logs call so."),
  contains: word(255)
    .optional()
    .describe("Only users whose name or session has this in it, in any case."),
  state: z
    .enum(USER_STATES, { error: `is none of ${USER_STATES.join(", ")}` })
    .optional()
    .describe("Only users in this state."),
  limit: limitWord.default(100),
  cursor: cursorWord.optional(),
});

export const DisableUser = z
  .object({
    cancel_jobs: z
      .boolean()
      .default(false)
      .describe("Their jobs end as well; else those that run or wait go on."),
  })
  .meta({ id: "DisableUser" })
  .nullish();

export const UserChanged = z
  .object({
    user: AdminUser,
    cancelled_jobs: count.meta({ description: "Asked to end by this." }),
  })
  .meta({ id: "UserChanged" });

/** In the query: whoever deletes by number says once more whom they mean. */
export const DeleteUserQuery = z.strictObject({
  username: word(255).describe("Of the user with this number: it is a check."),
});

export const AdminKeys = ApiKeys.pick({ keys: true, total: true })
  .extend({ keys: z.array(ApiKeys.shape.keys.element.omit({ current: true })) })
  .meta({ id: "AdminKeys", description: "A user's keys that have not ended, newest first." });

export const RevokedKeys = z
  .object({ key_prefixes: z.array(z.string()), status: z.literal("revoked") })
  .meta({
    id: "RevokedKeys",
  });

export type AdminUser = z.infer<typeof AdminUser>;
export type AdminUsers = z.infer<typeof AdminUsers>;
export type UserChanged = z.infer<typeof UserChanged>;
export type AdminKeys = z.infer<typeof AdminKeys>;
export type RevokedKeys = z.infer<typeof RevokedKeys>;
