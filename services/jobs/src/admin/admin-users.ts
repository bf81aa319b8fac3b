/** Users for operators: found, and shown. */
import { type AdminUser, ProblemError } from "@airlock/contract";
import { keyCaller } from "@airlock/identity";
import { type AdminUserRow, findUser, type Queryable, type UserState } from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";

const USER_ID = /^\d{1,9}$/;

/** @param userId as it stands in a path. @throws ProblemError user_not_found. */
export async function demandUser(db: Queryable, userId: string): Promise<AdminUserRow> {
  const row = USER_ID.test(userId) ? await findUser(db, Number(userId)) : undefined;
  if (!row) throw new ProblemError("user_not_found", "There is no user with this number.");
  return row;
}

/** The user of the path, told to the audit log by name. @throws ProblemError user_not_found. */
export async function aboutUser(db: Queryable, request: FastifyRequest): Promise<AdminUserRow> {
  const { user_id = "" } = request.params as { readonly user_id?: string };
  const user = await demandUser(db, user_id);
  request.auditFields = { target: user.username };
  return user;
}

const stateOf = ({ is_active, deleting_since, deleted_at }: AdminUserRow): UserState => {
  if (deleted_at !== null) return "deleted";
  if (deleting_since !== null) return "deleting";
  return is_active ? "active" : "disabled";
};

export function adminUserBody(row: AdminUserRow): AdminUser {
  const state = stateOf(row);
  return {
    user_id: row.user_id,
    username: row.username,
    caller: keyCaller({
      account: row.aws_account,
      role: row.aws_role,
      session: row.aws_session,
    }),
    state,
    created_at: row.created_at.toISOString(),
    last_login_at: row.last_login_at.toISOString(),
    keys: row.keys,
    live_jobs: row.live_jobs,
    gpus: row.gpus,
    disks: row.disks,
    ...(state === "deleting" && { left: { jobs: row.jobs_left, disks: row.disks_left } }),
    ...(row.deleted_at !== null && { deleted_at: row.deleted_at.toISOString() }),
  };
}

/** `aws:<account>:<role>:<session>` in its parts; undefined for what is nobody's. */
export function identityOf(caller: string) {
  const [scheme, account = "", role = "", session = "", ...more] = caller.split(":");
  if (scheme !== "aws" || more.length > 0) return undefined;
  try {
    const identity = {
      account,
      role: decodeURIComponent(role),
      sessionName: decodeURIComponent(session),
    };
    // there is one spelling of each name, and none of a text that the database does not take
    const isSpeltSo = keyCaller({ ...identity, session: identity.sessionName }) === caller;
    return isSpeltSo && !caller.includes("%00") ? identity : undefined;
  } catch {
    return undefined;
  }
}
