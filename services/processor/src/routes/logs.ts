/** `/internal/jobs/{id}/logs`: what a job has written so far, for jobs, which knows whose job it is. */
import {
  JOB_ID,
  JobLogsQuery,
  LOG_EXAMPLE,
  ProblemError,
  sinceOf,
  tailOf,
} from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import { findJobLog, type Store } from "@airlock/jobs-store";
import * as z from "zod";
import { type Cluster, ClusterError, type FailureKind } from "../cluster/index.ts";
import { JOB_CONTAINER } from "../pod/pod-names.ts";

export interface LogsDeps {
  readonly store: Store;
  readonly cluster: Cluster;
}

/** Less than jobs waits. */
const TIMEOUT_MS = 3500;
const LAST_BYTES = 1024 * 1024;
/** There is no pod, or nothing of it yet: what is kept is all there is. */
const NOTHING_THERE: ReadonlySet<FailureKind> = new Set(["not_found", "not_started", "invalid"]);

export function logRoutes(app: App, { store, cluster }: LogsDeps): void {
  app.get(
    "/internal/jobs/:job_id/logs",
    {
      schema: {
        summary: "What a job has written, the newest 1 MiB of it; empty before it has started.",
        tags: ["internal"],
        params: z.object({ job_id: z.string() }),
        querystring: JobLogsQuery,
        response: {
          200: {
            description: "What it wrote.",
            content: { "text/plain": { schema: z.string().meta({ example: LOG_EXAMPLE }) } },
          },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const { job_id } = request.params;
      const { tail, since } = request.query;
      const job = JOB_ID.test(job_id) && (await findJobLog(store.pool, job_id));
      if (!job) throw new ProblemError("job_not_found", `Job ${job_id} not found`);
      void reply.type("text/plain; charset=utf-8");
      if (job.pod_name === null) return tailOf(job.pod_logs ?? "", tail);
      const query = {
        container: JOB_CONTAINER,
        lastBytes: LAST_BYTES,
        ...(tail !== undefined && { tailLines: tail }),
        ...(since !== undefined && sinceOf(since)),
      };
      try {
        const log = await cluster.readLogEnd(job.pod_name, query, { timeoutMs: TIMEOUT_MS });
        return log.toString("utf8");
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (NOTHING_THERE.has(error.kind)) return tailOf(job.pod_logs ?? "", tail);
        throw new ProblemError("upstream_unavailable", "The cluster does not tell the log now.", {
          headers: { "retry-after": "2" },
          cause: error,
        });
      }
    },
  );
}
