/** `/v1/jobs/{id}/tunnel`: a WebSocket to a port of the job, by way of the processor. */
import {
  JobTunnelQuery,
  JUPYTER_PORT,
  POD_SSH_PORT,
  ProblemError,
  SSH_PORT,
} from "@airlock/contract";
import {
  type App,
  clientLeft,
  demandWebSocket,
  onwardHeaders,
  passTunnel,
  problems,
} from "@airlock/http";
import { callerHeaders } from "@airlock/identity";
import { isFinal, type JobRow } from "@airlock/jobs-store";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import { findJobByPrefix } from "../jobs/find-by-prefix.ts";
import { userOf } from "../users.ts";

export function jobTunnelRoutes(app: App, { store, processor, audit }: ApiDeps): void {
  app.get(
    "/v1/jobs/:job_id/tunnel",
    {
      config: { isTunnel: true },
      schema: {
        summary:
          "A WebSocket whose binary messages are the bytes of a connection to a port of the job.",
        tags: ["jobs"],
        params: z.object({ job_id: z.string() }),
        querystring: JobTunnelQuery,
        response: {
          101: z.any().describe("From here on it is a WebSocket."),
          ...problems(404, 409, 426),
        },
      },
    },
    async (request, reply) => {
      demandWebSocket(request);
      const { userId, keyPrefix } = userOf(request);
      const { port } = request.query;
      const job = await findJobByPrefix(store.pool, userId, request.params.job_id);
      demandActive(job);
      const jobId = job.reservation_id;
      const leave = request.takePlace("tunnel", `user ${userId}`);
      try {
        const tunnel = await processor.openTunnel({
          jobId,
          port: podPortOf(job, port),
          keyPrefix,
          onward: onwardHeaders(request),
          handshake: request.raw.headers,
          signal: clientLeft(reply),
        });
        const what = { job_id: jobId, port };
        request.logFields = what;
        audit.done(request, "tunnel_opened", what);
        const { caller } = request;
        const named = caller === undefined ? undefined : callerHeaders(caller);
        const ended = passTunnel(request, reply, tunnel, named);
        void ended.then(({ sentBytes, receivedBytes, end }) => {
          leave();
          const bytes = { sent_bytes: sentBytes, received_bytes: receivedBytes };
          audit.done(request, "tunnel_closed", { ...what, ...bytes, end });
        });
      } catch (error) {
        leave();
        throw error;
      }
      return reply;
    },
  );
}

/** @throws ProblemError job_ended, job_not_active. */
function demandActive({ status }: JobRow): void {
  if (status === "active") return;
  if (isFinal(status)) throw new ProblemError("job_ended", `The job is over: ${status}.`);
  throw new ProblemError("job_not_active", `The job is ${status}; wait until it is active.`);
}

/** @throws ProblemError port_not_declared. */
function podPortOf({ ports }: JobRow, port: number): number {
  if (port === SSH_PORT) return POD_SSH_PORT;
  if (port === JUPYTER_PORT || ports.includes(port)) return port;
  throw new ProblemError(
    "port_not_declared",
    `The job did not declare port ${port}: ports in its submission names those beside 22 and 8888.`,
  );
}
