/** `/v1/admin/users`: users, their keys, and whether they are let in. */
import {
  AdminKeys,
  AdminUser,
  AdminUsers,
  AdminUsersQuery,
  DisableUser,
  ProblemError,
  RevokedKeys,
  readPlace,
  UserChanged,
  writePlace,
} from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import { API_KEY_PREFIX_PATTERN } from "@airlock/identity";
import {
  type AdminUserRow,
  cancelJobsOf,
  endOldestBeyond,
  listKeys,
  listUsers,
  revokeKey,
  setUserActive,
} from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { adminUserBody, demandUser, identityOf } from "../admin/admin-users.ts";
import type { ApiDeps } from "../deps.ts";
import { userOf } from "../users.ts";

const params = z.object({ user_id: z.string() });
const failures = problems(401, 403, 429, 503);
const bodyFailures = problems(413, 415, 422);
/** In one transaction: it locks their rows. */
const JOBS_AT_ONCE = 25;

export function adminUserRoutes(app: App, deps: ApiDeps): void {
  const { store, mutate, metrics, jobQueue } = deps;
  const { pool } = store;

  app.get(
    "/v1/admin/users",
    {
      config: { adminVerb: "users_list" },
      schema: {
        summary: "Users, newest first, page by page.",
        tags: ["admin"],
        querystring: AdminUsersQuery,
        response: { 200: AdminUsers, ...failures, ...problems(400) },
      },
    },
    async ({ query }) => {
      const { limit, cursor, caller, ...filter } = query;
      const list = `users ${JSON.stringify({ caller, ...filter })}`;
      const after = cursor === undefined ? undefined : numberIn(readPlace(list, cursor));
      const identity = caller === undefined ? undefined : identityOf(caller);
      const isNobody = caller !== undefined && identity === undefined;
      // one more than is shown tells whether there is another page
      const rows = isNobody
        ? []
        : await listUsers(pool, { ...filter, identity, after, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return {
        users: page.map(adminUserBody),
        limit,
        next_cursor: last ? writePlace(list, String(last.user_id)) : null,
      };
    },
  );

  app.get(
    "/v1/admin/users/:user_id",
    {
      config: { adminVerb: "user_show" },
      schema: {
        summary: "One user.",
        tags: ["admin"],
        params,
        response: { 200: AdminUser, ...failures, ...problems(404) },
      },
    },
    async (request) => adminUserBody(await about(request)),
  );

  app.post(
    "/v1/admin/users/:user_id/disable",
    {
      config: { adminVerb: "user_disable" },
      schema: {
        summary:
          "Shuts a user out: logins and keys are refused everywhere within a second. Their jobs go on, unless they are to be cancelled.",
        tags: ["admin"],
        params,
        body: DisableUser,
        response: { 200: UserChanged, ...failures, ...bodyFailures, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { user_id: userId } = await about(request);
      if (userId === userOf(request).userId) throw ownUser();
      await mutate(request, async (transaction) => {
        await setUserActive(transaction, { userId, isActive: false });
        return {};
      });
      const cancelled_jobs = request.body?.cancel_jobs ? await cancelAll(userId) : 0;
      request.auditFields = { ...request.auditFields, cancelled_jobs };
      return { user: adminUserBody(await demandUser(pool, String(userId))), cancelled_jobs };
    },
  );

  app.post(
    "/v1/admin/users/:user_id/enable",
    {
      config: { adminVerb: "user_enable" },
      schema: {
        summary: "Lets a user in again; one whose data was erased begins with nothing.",
        tags: ["admin"],
        params,
        response: { 200: UserChanged, ...failures, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { user_id: userId } = await about(request);
      await mutate(request, async (transaction) => {
        if (!(await setUserActive(transaction, { userId, isActive: true }))) throw deleting();
        return {};
      });
      return { user: adminUserBody(await demandUser(pool, String(userId))), cancelled_jobs: 0 };
    },
  );

  app.get(
    "/v1/admin/users/:user_id/keys",
    {
      config: { adminVerb: "keys_list" },
      schema: {
        summary: "A user's keys that have not ended.",
        tags: ["admin"],
        params,
        response: { 200: AdminKeys, ...failures, ...problems(404) },
      },
    },
    async (request) => {
      const { user_id } = await about(request);
      const keys = (await listKeys(pool, user_id)).map((row) => ({
        key_prefix: row.key_prefix,
        description: row.description,
        created_at: row.created_at.toISOString(),
        expires_at: row.expires_at.toISOString(),
        last_used_at: row.last_used_at?.toISOString() ?? null,
      }));
      return { keys, total: keys.length };
    },
  );

  app.delete(
    "/v1/admin/users/:user_id/keys",
    {
      config: { adminVerb: "keys_revoke" },
      schema: {
        summary: "Ends all keys of a user, everywhere within a second.",
        tags: ["admin"],
        params,
        response: { 200: RevokedKeys, ...failures, ...problems(404) },
      },
    },
    async (request) => {
      const { user_id: userId } = await about(request);
      return await revoke(request, (transaction) =>
        endOldestBeyond(transaction, { userId, keep: 0 }),
      );
    },
  );

  app.delete(
    "/v1/admin/users/:user_id/keys/:key_prefix",
    {
      config: { adminVerb: "key_revoke" },
      schema: {
        summary: "Ends one key of a user, everywhere within a second.",
        tags: ["admin"],
        params: params.extend({ key_prefix: z.string() }),
        response: { 200: RevokedKeys, ...failures, ...problems(404) },
      },
    },
    async (request) => {
      const { user_id: userId } = await about(request);
      const { key_prefix: keyPrefix } = request.params;
      return await revoke(request, async (transaction) => {
        const isKnown = API_KEY_PREFIX_PATTERN.test(keyPrefix);
        if (!isKnown || !(await revokeKey(transaction, { userId, keyPrefix }))) throw noSuchKey();
        return [keyPrefix];
      });
    },
  );

  type AboutUser = FastifyRequest<{ Params: z.infer<typeof params> }>;

  /** The user of the path, told to the audit log by name. @throws ProblemError user_not_found. */
  async function about(request: FastifyRequest): Promise<AdminUserRow> {
    const user = await demandUser(pool, (request as AboutUser).params.user_id);
    request.auditFields = { target: user.username };
    return user;
  }

  async function revoke(
    request: FastifyRequest,
    work: (...args: Parameters<Parameters<typeof store.transaction>[0]>) => Promise<string[]>,
  ) {
    const { answer, isRepeat } = await mutate(request, async (transaction) => {
      const key_prefixes = await work(transaction);
      return { key_prefixes, status: "revoked" as const };
    });
    if (!isRepeat) metrics.keys.labels("revoked").inc(answer.key_prefixes.length);
    const ended = answer.key_prefixes.join(" ");
    request.auditFields = { ...request.auditFields, ended };
    return answer;
  }

  async function cancelAll(userId: number): Promise<number> {
    let number = 0;
    for (let after: string | undefined; ; ) {
      const args = { userId, queue: jobQueue, after, limit: JOBS_AT_ONCE };
      const ids = await store.transaction((transaction) => cancelJobsOf(transaction, args));
      store.ringForJobs(ids);
      number += ids.length;
      if (ids.length < JOBS_AT_ONCE) return number;
      after = ids.at(-1);
    }
  }
}

/** @throws ProblemError invalid_cursor is told by its check: what is in it was written here. */
const numberIn = (place: string): number => Math.min(Number(place) || 0, 2 ** 31 - 1);

const noSuchKey = () =>
  new ProblemError("api_key_not_found", "None of the user's keys that have not ended begins so.");
const ownUser = () =>
  new ProblemError("own_user", "That is you: another operator has to shut you out.");
const deleting = () =>
  new ProblemError(
    "user_deleting",
    "Their data is being erased; enable them when that has come to its end.",
  );
