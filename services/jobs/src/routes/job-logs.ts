/** `/v1/jobs/{id}/logs`: what a job wrote, from its pod, or as it was kept at its end. */
import { JobLogsQuery, LOG_EXAMPLE, tailOf } from "@airlock/contract";
import { type App, onwardHeaders, problems, sendFlowing, whenClosed } from "@airlock/http";
import { createShares, isFinal } from "@airlock/jobs-store";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import { findJobByPrefix } from "../jobs/find-by-prefix.ts";
import { userOf } from "../users.ts";

/** A log that is slow to come holds a connection to the processor, of which there are 32. */
const LOGS_PER_USER = 4;
/** Less than the gateway waits. */
const TURN_MS = 2000;

export function jobLogRoutes(app: App, { store, processor }: ApiDeps): void {
  const shares = createShares(LOGS_PER_USER, TURN_MS);

  app.get(
    "/v1/jobs/:job_id/logs",
    {
      schema: {
        summary:
          "What a job wrote, as plain text: the newest 1 MiB while it runs, the newest 256 KiB once it is over; empty before it starts.",
        tags: ["jobs"],
        params: z.object({ job_id: z.string() }),
        querystring: JobLogsQuery,
        response: {
          200: {
            description: "What it wrote.",
            content: { "text/plain": { schema: z.string().meta({ example: LOG_EXAMPLE }) } },
          },
          ...problems(404, 409),
        },
      },
    },
    async (request, reply) => {
      const { userId, keyPrefix } = userOf(request);
      const job = await findJobByPrefix(store.pool, userId, request.params.job_id);
      void reply.type("text/plain; charset=utf-8");
      if (isFinal(job.status)) return tailOf(job.pod_logs ?? "", request.query.tail);
      if (request.query.follow) {
        const leave = request.takePlace("follow", `user ${userId}`);
        try {
          const asker = { keyPrefix, onward: onwardHeaders(request) };
          const log = await processor.followLog(job.reservation_id, request.query, asker);
          whenClosed(log, leave);
          return sendFlowing(reply, log);
        } catch (error) {
          leave();
          throw error;
        }
      }
      return await shares.run(userId, () =>
        processor.readLog(job.reservation_id, request.query, onwardHeaders(request)),
      );
    },
  );
}
