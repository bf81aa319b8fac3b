/** `/v1/jobs`: submitted, listed, shown. */
import { Job, JobSubmitted, Jobs, JobsQuery, SubmitJob } from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import { countJobs, type JobFilter, listJobs } from "@airlock/jobs-store";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import { findJobByPrefix } from "../jobs/find-by-prefix.ts";
import { jobBody } from "../jobs/job-body.ts";
import { cursorAt, positionOf } from "../jobs/job-cursor.ts";
import { submitJob } from "../jobs/submit-job.ts";
import { userOf } from "../users.ts";

const failures = problems(401, 403, 429, 503);

export function jobRoutes(app: App, deps: ApiDeps): void {
  const { store, mutate, audit, metrics, sealer } = deps;

  app.post(
    "/v1/jobs/submit",
    {
      schema: {
        summary: "Accepts a job: it is in the database and on its queue when this answers.",
        tags: ["jobs"],
        body: SubmitJob,
        response: { 200: JobSubmitted, ...failures, ...problems(409, 410, 413, 415, 422) },
      },
    },
    async (request) => {
      const user = userOf(request);
      const { answer, isRepeat } = await mutate(request, (transaction) =>
        submitJob(transaction, { user, body: request.body }, deps),
      );
      metrics.submissions.labels(isRepeat ? "repeated" : "accepted").inc();
      if (!isRepeat) audit.done(request, "job_submitted", { job_id: answer.job_id });
      return answer;
    },
  );

  app.get(
    "/v1/jobs",
    {
      schema: {
        summary: "The user's jobs, newest first, page by page.",
        tags: ["jobs"],
        querystring: JobsQuery,
        response: { 200: Jobs, ...failures, ...problems(400) },
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
      const last = rows.length > limit ? page.at(-1) : undefined;
      return {
        jobs: page.map((row) => jobBody(row, sealer)),
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
        response: { 200: Job, ...failures, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { userId } = userOf(request);
      return jobBody(await findJobByPrefix(store.pool, userId, request.params.job_id), sealer);
    },
  );
}

const filterOf = (userId: number, { status, gpu_type, since }: JobsQuery): JobFilter => ({
  userId,
  statuses: status,
  gpuType: gpu_type,
  since,
});
