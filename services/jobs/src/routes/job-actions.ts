/** `/v1/jobs/{job_id}/…`: orders about a job that is queued or runs. */
import { AddJobUser, ExtendJob, JobActionRequested } from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import { findJobByPrefix } from "../jobs/find-by-prefix.ts";
import { type JobRequest, requestAction } from "../jobs/request-action.ts";
import { userOf } from "../users.ts";

const params = z.object({ job_id: z.string() });
const failures = problems(404, 409);

const schemaOf = (summary: string) => ({
  summary,
  tags: ["jobs"],
  params,
  response: { 200: JobActionRequested, ...failures },
});

type AboutJob = FastifyRequest<{ Params: z.infer<typeof params> }>;

export function jobActionRoutes(app: App, deps: ApiDeps): void {
  const { store, mutate, audit, jobQueue, maxJobHours: maxHours } = deps;
  const act = async (request: AboutJob, order: JobRequest): Promise<JobActionRequested> => {
    const { userId } = userOf(request);
    const about = { order, by: { actor: "user" }, queue: jobQueue, maxHours } as const;
    const { answer, isRepeat } = await mutate(request, async (transaction) => {
      const job = await findJobByPrefix(transaction, userId, request.params.job_id);
      return await requestAction(transaction, { ...about, job });
    });
    // what waits is cancelled at once
    if (order.action === "cancel") store.ringForJobs([answer.job_id]);
    if (!isRepeat) audit.done(request, `job_${order.action}`, { job_id: answer.job_id });
    return answer;
  };

  app.post(
    "/v1/jobs/:job_id/cancel",
    { schema: schemaOf("Asks for the end of a job.") },
    (request) => act(request, { action: "cancel" }),
  );
  app.post(
    "/v1/jobs/:job_id/jupyter/enable",
    { schema: schemaOf("Asks for Jupyter Lab in a job.") },
    (request) => act(request, { action: "enable_jupyter" }),
  );
  app.post(
    "/v1/jobs/:job_id/jupyter/disable",
    { schema: schemaOf("Asks for the end of Jupyter Lab in a job.") },
    (request) => act(request, { action: "disable_jupyter" }),
  );

  app.post(
    "/v1/jobs/:job_id/extend",
    {
      schema: { ...schemaOf("Asks for more hours."), body: ExtendJob },
    },
    (request) => act(request, { action: "extend", ...request.body }),
  );
  app.post(
    "/v1/jobs/:job_id/users",
    {
      schema: {
        ...schemaOf("Asks for the SSH keys of another GitHub user in a job."),
        body: AddJobUser,
      },
    },
    (request) => act(request, { action: "add_user", ...request.body }),
  );
}
