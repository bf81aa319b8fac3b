/** `/v1/admin/jobs`: everybody's jobs. */
import {
  AdminCancelJob,
  AdminExtendJob,
  AdminJobDetails,
  AdminJobs,
  AdminJobsQuery,
  JobActionRequested,
} from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import { listAllJobs, listJobEvents } from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { adminJobBody, demandAnyJob } from "../admin/admin-jobs.ts";
import type { ApiDeps } from "../deps.ts";
import { cursorAt, positionOf } from "../jobs/job-cursor.ts";
import { type JobRequest, requestAction } from "../jobs/request-action.ts";
import { userOf } from "../users.ts";

const params = z.object({ job_id: z.string() });
const actionFailures = problems(404, 409);

export function adminJobRoutes(app: App, deps: ApiDeps): void {
  const { store, mutate, jobQueue: queue, maxJobHours: maxHours } = deps;
  const { pool } = store;

  app.get(
    "/v1/admin/jobs",
    {
      config: { adminVerb: "jobs_list" },
      schema: {
        summary: "Jobs of all users, newest first, page by page.",
        tags: ["admin"],
        querystring: AdminJobsQuery,
        response: { 200: AdminJobs },
      },
    },
    async (request) => {
      const { limit, cursor, ...words } = request.query;
      const { status: statuses, gpu_type: gpuType, since, user_id, node, stuck } = words;
      const filter = { statuses, gpuType, since, userId: user_id, node, isStuck: stuck };
      const list = `all jobs ${JSON.stringify(filter)}`;
      const after = cursor === undefined ? undefined : positionOf(list, cursor);
      const rows = await store.read(userOf(request).userId, () =>
        listAllJobs(pool, { ...filter, after, limit: limit + 1 }),
      );
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return {
        jobs: page.map(adminJobBody),
        limit,
        next_cursor: last ? cursorAt(list, last) : null,
      };
    },
  );

  app.get(
    "/v1/admin/jobs/:job_id",
    {
      config: { adminVerb: "job_show" },
      schema: {
        summary: "One job, by its id or the beginning of it, with what happened to it.",
        tags: ["admin"],
        params,
        response: { 200: AdminJobDetails, ...problems(404, 409) },
      },
    },
    async (request) => {
      const job = await demandAnyJob(pool, request.params.job_id);
      const events = await listJobEvents(pool, { reservationId: job.reservation_id });
      request.auditFields = { job_id: job.reservation_id, target: job.username };
      return {
        ...adminJobBody(job),
        events: events.map(({ at, ...event }) => ({ ...event, at: at.toISOString() })),
      };
    },
  );

  app.post(
    "/v1/admin/jobs/:job_id/cancel",
    {
      config: { adminVerb: "job_cancel" },
      schema: {
        summary: "Asks for the end of anybody's job.",
        tags: ["admin"],
        params,
        body: AdminCancelJob,
        response: { 200: JobActionRequested, ...actionFailures },
      },
    },
    (request) => act(request, { action: "cancel" }, request.body?.reason),
  );

  app.post(
    "/v1/admin/jobs/:job_id/extend",
    {
      config: { adminVerb: "job_extend" },
      schema: {
        summary: "Asks for more hours for anybody's job, within MAX_JOB_HOURS.",
        tags: ["admin"],
        params,
        body: AdminExtendJob,
        response: { 200: JobActionRequested, ...actionFailures },
      },
    },
    (request) => {
      const { reason, ...order } = request.body;
      return act(request, { action: "extend", ...order }, reason);
    },
  );

  async function act(request: FastifyRequest, order: JobRequest, reason: string | undefined) {
    const { job_id } = request.params as z.infer<typeof params>;
    const by = { actor: "operator", reason } as const;
    const { answer, isRepeat } = await mutate(request, async (transaction) => {
      const job = await demandAnyJob(transaction, job_id);
      request.auditFields = { job_id: job.reservation_id, target: job.username };
      return await requestAction(transaction, { job, order, by, queue, maxHours });
    });
    // what waits is cancelled at once
    if (order.action === "cancel") store.ringForJobs([answer.job_id]);
    const why = reason === undefined ? undefined : { reason };
    const what = { job_id: answer.job_id, ...why, ...(isRepeat && { repeat: true }) };
    request.auditFields = { ...request.auditFields, ...what };
    return answer;
  }
}
