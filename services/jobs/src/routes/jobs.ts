/** `/v1/jobs`: submitted, listed, shown. */
import { Job, JobSubmitted, Jobs, JobsQuery, SubmitJob } from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import {
  countJobs,
  type JobFilter,
  type ListedJobRow,
  listJobs,
  WAITING_STATES,
} from "@airlock/jobs-store";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import { findJobByPrefix } from "../jobs/find-by-prefix.ts";
import { jobBody } from "../jobs/job-body.ts";
import { cursorAt, positionOf } from "../jobs/job-cursor.ts";
import { submitJob } from "../jobs/submit-job.ts";
import { startBody, waitingMembers } from "../outlook/told.ts";
import { userOf } from "../users.ts";

export function jobRoutes(app: App, deps: ApiDeps): void {
  const { store, mutate, audit, metrics, sealer, outlooks } = deps;

  app.post(
    "/v1/jobs/submit",
    {
      schema: {
        summary: "Accepts a job: it is in the database and on its queue when this answers.",
        tags: ["jobs"],
        body: SubmitJob,
        response: { 200: JobSubmitted, ...problems(409, 410) },
      },
    },
    async (request) => {
      const user = userOf(request);
      const { answer, isRepeat } = await mutate(
        request,
        (transaction) => submitJob(transaction, { user, body: request.body }, deps),
        { refusesDisabled: true },
      );
      metrics.submissions.labels(isRepeat ? "repeated" : "accepted").inc();
      if (!isRepeat) audit.done(request, "job_submitted", { job_id: answer.job_id });
      // once it is accepted, whatever becomes of the estimate
      const start = await outlooks.startOfNew(answer.job_id).catch(() => null);
      return { ...answer, estimated_start_time: startBody(start)?.p50 ?? null };
    },
  );

  app.get(
    "/v1/jobs",
    {
      schema: {
        summary: "The user's jobs, newest first, page by page.",
        tags: ["jobs"],
        querystring: JobsQuery,
        response: { 200: Jobs },
      },
    },
    async (request) => {
      const { limit, offset, cursor } = request.query;
      const { userId } = userOf(request);
      const filter = filterOf(userId, request.query);
      const list = `jobs ${JSON.stringify(filter)}`;
      const after = cursor === undefined ? undefined : positionOf(list, cursor);
      const [rows, total] = await store.read(userId, async () => [
        // one more than is shown tells whether there is another page
        await listJobs(store.pool, { ...filter, after, limit: limit + 1, offset }),
        // who goes by cursor was told with the first page
        after === undefined ? await countJobs(store.pool, filter) : undefined,
      ]);
      const page = rows.slice(0, limit);
      const told = await outlooks.ofAll(page.filter(isWaiting).map((row) => row.reservation_id));
      const last = rows.length > limit ? page.at(-1) : undefined;
      return {
        jobs: page.map((row) => ({
          ...jobBody(row, sealer),
          ...waitingMembers(told.get(row.reservation_id)),
        })),
        ...(total !== undefined && { total }),
        limit,
        offset,
        next_cursor: last ? cursorAt(list, last) : null,
      };
    },
  );

  app.get(
    "/v1/jobs/:job_id",
    {
      schema: {
        summary: "One job, by its id or the beginning of it.",
        tags: ["jobs"],
        params: z.object({ job_id: z.string() }),
        response: { 200: Job, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { userId } = userOf(request);
      const row = await findJobByPrefix(store.pool, userId, request.params.job_id);
      const id = row.reservation_id;
      const told = isWaiting(row) ? await outlooks.ofAll([id]) : undefined;
      return { ...jobBody(row, sealer), ...waitingMembers(told?.get(id)) };
    },
  );
}

const isWaiting = ({ status }: ListedJobRow): boolean =>
  WAITING_STATES.some((state) => state === status);

const filterOf = (userId: number, { status, gpu_type, since }: JobsQuery): JobFilter => ({
  userId,
  statuses: status,
  gpuType: gpu_type,
  since,
});
