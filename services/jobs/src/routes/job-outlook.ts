/** `/v1/jobs/{job_id}/explain` and `/v1/jobs/plan`: why, when, and what if. */
import { JobExplanation, JobPlan, SubmitJob } from "@airlock/contract";
import { type App, onwardHeaders, problems } from "@airlock/http";
import { WAITING_STATES } from "@airlock/jobs-store";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import { findJobByPrefix } from "../jobs/find-by-prefix.ts";
import { planJob } from "../outlook/plan-job.ts";
import { explanationOf } from "../outlook/told.ts";
import { userOf } from "../users.ts";

export function jobOutlookRoutes(app: App, deps: ApiDeps): void {
  const { store, outlooks } = deps;

  app.get(
    "/v1/jobs/:job_id/explain",
    {
      schema: {
        summary: "Why a job is where it is, what can be done about it, and when it starts.",
        tags: ["jobs"],
        params: z.object({ job_id: z.string() }),
        response: { 200: JobExplanation, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { userId } = userOf(request);
      const row = await findJobByPrefix(store.pool, userId, request.params.job_id);
      const waits = WAITING_STATES.some((state) => state === row.status);
      return explanationOf(row, waits ? await outlooks.of(row.reservation_id) : undefined);
    },
  );

  app.post(
    "/v1/jobs/plan",
    {
      schema: {
        summary: "What would become of a submission now; nothing is changed.",
        tags: ["jobs"],
        body: SubmitJob,
        response: { 200: JobPlan, ...problems(422) },
      },
    },
    async (request) => {
      const { body } = request;
      return await planJob(deps, { user: userOf(request), body, onward: onwardHeaders(request) });
    },
  );
}
