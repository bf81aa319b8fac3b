/** `/v1/admin/users`: users and their keys. */
import {
  AdminKeys,
  AdminUser,
  AdminUsers,
  AdminUsersQuery,
  ProblemError,
  RevokedKeys,
  readPlace,
  writePlace,
} from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import { API_KEY_PREFIX_PATTERN } from "@airlock/identity";
import {
  endOldestBeyond,
  listKeys,
  listUsers,
  revokeKey,
  type Transaction,
} from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { aboutUser, adminUserBody, identityOf } from "../admin/admin-users.ts";
import type { ApiDeps } from "../deps.ts";

const params = z.object({ user_id: z.string() });

export function adminUserRoutes(app: App, deps: ApiDeps): void {
  const { store, mutate, metrics } = deps;
  const { pool } = store;

  app.get(
    "/v1/admin/users",
    {
      config: { adminVerb: "users_list" },
      schema: {
        summary: "Users, newest first, page by page.",
        tags: ["admin"],
        querystring: AdminUsersQuery,
        response: { 200: AdminUsers },
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
        response: { 200: AdminUser, ...problems(404) },
      },
    },
    async (request) => adminUserBody(await aboutUser(pool, request)),
  );

  app.get(
    "/v1/admin/users/:user_id/keys",
    {
      config: { adminVerb: "keys_list" },
      schema: {
        summary: "A user's keys that have not ended.",
        tags: ["admin"],
        params,
        response: { 200: AdminKeys, ...problems(404) },
      },
    },
    async (request) => {
      const { user_id } = await aboutUser(pool, request);
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
        response: { 200: RevokedKeys, ...problems(404) },
      },
    },
    async (request) => {
      const { user_id: userId } = await aboutUser(pool, request);
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
        response: { 200: RevokedKeys, ...problems(404) },
      },
    },
    async (request) => {
      const { user_id: userId } = await aboutUser(pool, request);
      const { key_prefix: keyPrefix } = request.params;
      return await revoke(request, async (transaction) => {
        const isKnown = API_KEY_PREFIX_PATTERN.test(keyPrefix);
        if (!isKnown || !(await revokeKey(transaction, { userId, keyPrefix }))) throw noSuchKey();
        return [keyPrefix];
      });
    },
  );

  async function revoke(
    request: FastifyRequest,
    work: (transaction: Transaction) => Promise<string[]>,
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
}

/** The check of a cursor is no signature: what is no number begins behind everybody. */
const numberIn = (place: string): number => Math.min(Number(place) || 0, 2 ** 31 - 1);

const noSuchKey = () =>
  new ProblemError("api_key_not_found", "None of the user's keys that have not ended begins so.");
