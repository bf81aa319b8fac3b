/** `/internal/jobs/{id}/logs/follow`: what a job writes as it comes, for jobs, which knows whose job it is. */
import { Readable } from "node:stream";
import { JOB_ID, JobLogsQuery, LOG_EXAMPLE, ProblemError, sinceOf } from "@airlock/contract";
import { type App, clientLeft, problems, sendFlowing } from "@airlock/http";
import { findJobLog, type Standing, type Store } from "@airlock/jobs-store";
import * as z from "zod";
import type { Cluster } from "../cluster/index.ts";
import { followLog } from "../logs/follow-log.ts";
import { JOB_CONTAINER } from "../pod/pod-names.ts";

export interface FollowLogsDeps {
  readonly store: Store;
  readonly cluster: Pick<Cluster, "streamLog">;
  readonly standing: Standing;
  readonly pollMs?: number | undefined;
}

const Query = JobLogsQuery.omit({ follow: true }).extend({
  key: z.string().describe("The prefix of the API key, whose revocation ends it."),
});

export function followLogRoutes(app: App, { store, cluster, standing, pollMs }: FollowLogsDeps) {
  app.get(
    "/internal/jobs/:job_id/logs/follow",
    {
      schema: {
        summary: "What a job writes, to its end; it is cut off when it may not go on.",
        tags: ["internal"],
        params: z.object({ job_id: z.string() }),
        querystring: Query,
        response: {
          200: {
            description: "What it writes.",
            content: { "text/plain": { schema: z.string().meta({ example: LOG_EXAMPLE }) } },
          },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const { job_id: jobId } = request.params;
      const { tail, since, key: keyPrefix } = request.query;
      if (!JOB_ID.test(jobId) || !(await findJobLog(store.pool, jobId))) {
        throw new ProblemError("job_not_found", `Job ${jobId} not found`);
      }
      const leave = request.takePlace("follow");
      const ending = new AbortController();
      const { draining } = request.server;
      const forget = standing.watch({
        jobId,
        keyPrefix,
        // of a job that is over the log comes to its end by itself
        onFallen: (why) => why === "forbidden" && ending.abort(new Error("the key was revoked")),
      });
      const log = followLog({
        ...{ store, cluster, jobId, pollMs },
        query: {
          container: JOB_CONTAINER,
          ...(tail !== undefined && { tailLines: tail }),
          ...(since !== undefined && sinceOf(since)),
        },
        // of a pod that writes nothing nothing else ends what is read once its reader has left
        signal: AbortSignal.any([ending.signal, draining, clientLeft(reply)]),
      });
      const body = Readable.from(log, { objectMode: false });
      body.once("close", () => {
        forget();
        leave();
      });
      return sendFlowing(reply.type("text/plain; charset=utf-8"), body);
    },
  );
}
