/** `/v1/admin/users/{user_id}`: whether they are let in, and the end of all that is theirs. */
import { DeleteUserQuery, DisableUser, ProblemError, UserChanged } from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import {
  beginDeletion,
  callDuty,
  cancelJobsOf,
  ERASE_DUTY,
  setUserActive,
} from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { aboutUser, adminUserBody, demandUser } from "../admin/admin-users.ts";
import type { ApiDeps } from "../deps.ts";
import { userOf } from "../users.ts";

const params = z.object({ user_id: z.string() });
/** In one transaction: it locks their rows, and each statement of it has its time. */
const JOBS_AT_ONCE = 25;

export function adminUserChangeRoutes(
  app: App,
  { store, mutate, traceparentOf, jobQueue }: ApiDeps,
): void {
  const { pool } = store;

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
        response: { 200: UserChanged, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { user_id: userId } = await aboutUser(pool, request);
      if (userId === userOf(request).userId) throw ownUser();
      await mutate(request, async (transaction) => {
        await setUserActive(transaction, { userId, isActive: false });
        return {};
      });
      const cancelled_jobs = request.body?.cancel_jobs ? await cancelAll(request, userId) : 0;
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
        response: { 200: UserChanged, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { user_id: userId } = await aboutUser(pool, request);
      await mutate(request, async (transaction) => {
        if (!(await setUserActive(transaction, { userId, isActive: true }))) throw deleting();
        return {};
      });
      return { user: adminUserBody(await demandUser(pool, String(userId))), cancelled_jobs: 0 };
    },
  );

  app.delete(
    "/v1/admin/users/:user_id",
    {
      config: { adminVerb: "user_delete" },
      schema: {
        summary:
          "Shuts a user out and erases all data of theirs: keys at once, jobs and disks as they end. Asked for again it goes on where it was.",
        tags: ["admin"],
        params,
        querystring: DeleteUserQuery,
        response: { 200: UserChanged, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { user_id: userId, username, deleted_at } = await aboutUser(pool, request);
      if (username !== request.query.username) throw mismatch();
      if (userId === userOf(request).userId) throw ownUser();
      let cancelled_jobs = 0;
      if (deleted_at === null) {
        await mutate(request, async (transaction) => {
          await beginDeletion(transaction, userId);
          await callDuty(transaction, ERASE_DUTY);
          return {};
        });
        cancelled_jobs = await cancelAll(request, userId);
      }
      request.auditFields = { ...request.auditFields, cancelled_jobs };
      return { user: adminUserBody(await demandUser(pool, String(userId))), cancelled_jobs };
    },
  );

  async function cancelAll(request: FastifyRequest, userId: number): Promise<number> {
    const options = { traceparent: await traceparentOf(request) };
    let number = 0;
    for (let after: string | undefined; ; ) {
      const args = { userId, queue: jobQueue, after, limit: JOBS_AT_ONCE };
      const ids = await store.transaction(
        (transaction) => cancelJobsOf(transaction, args),
        options,
      );
      store.ringForJobs(ids);
      number += ids.length;
      if (ids.length < JOBS_AT_ONCE) return number;
      after = ids.at(-1);
    }
  }
}

const mismatch = () =>
  new ProblemError(
    "user_mismatch",
    "The user with this number is not called so. Nothing was done.",
  );
const ownUser = () =>
  new ProblemError("own_user", "That is you: another operator has to shut you out.");
const deleting = () =>
  new ProblemError(
    "user_deleting",
    "Their data is being erased; enable them when that has come to its end.",
  );
