/** `/internal/jobs/{id}/tunnel`: a WebSocket to a port of a job's pod, for jobs, which knows whose job it is. */
import type { Socket } from "node:net";
import { JOB_ID, ProblemError, TUNNEL_CLOSE } from "@airlock/contract";
import { type App, demandWebSocket, problems, takeConnection } from "@airlock/http";
import { type Fallen, findJobPod, type Standing, type Store } from "@airlock/jobs-store";
import { WebSocketServer } from "ws";
import * as z from "zod";
import { type Cluster, ClusterError } from "../cluster/index.ts";
import type { Pace } from "../tunnel/pulse.ts";
import { joinTunnel } from "../tunnel/tunnel.ts";
import type { TunnelMetrics } from "../tunnel/tunnel-metrics.ts";

export interface TunnelDeps {
  readonly store: Store;
  readonly cluster: Pick<Cluster, "get" | "dial">;
  readonly standing: Standing;
  readonly metrics: TunnelMetrics;
  readonly pace?: Pace | undefined;
}

const Query = z.object({
  port: z.coerce.number().pipe(z.int().min(1).max(65_535)),
  key: z.string().describe("The prefix of the API key, whose revocation ends the tunnel."),
});

/** Of one message; whole ones are held. */
const MAX_MESSAGE_BYTES = 1_048_576;
/** For the client to take what is left, and to answer a close frame. */
const CLOSE_TIMEOUT_MS = 120_000;

const OPTIONS = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  closeTimeout: CLOSE_TIMEOUT_MS,
};

const NOTHING = Buffer.alloc(0);

const FALLEN: { readonly [F in Fallen]: readonly [code: number, reason: string] } = {
  forbidden: [TUNNEL_CLOSE.forbidden, "the API key was revoked, or its user disabled"],
  job_ended: [TUNNEL_CLOSE.jobEnded, "the job is over"],
};

/** Of each step; jobs waits for both. */
const DIAL_MS = 3500;
const RETRY_SOON = { "retry-after": "2" };

/** @throws ProblemError job_not_active, port_closed, upstream_unavailable. */
async function dial(cluster: TunnelDeps["cluster"], name: string, port: number): Promise<Socket> {
  const limit = { timeoutMs: DIAL_MS };
  try {
    const pod = await cluster.get("pods", name, limit);
    if (!pod) throw new ProblemError("job_not_active", "The job has no pod any more.");
    return await cluster.dial(pod, port, limit);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const options = { headers: RETRY_SOON, cause: error };
    if (error.kind === "port_closed") {
      throw new ProblemError(error.kind, `Nothing listens on port ${port} of the job.`, options);
    }
    throw new ProblemError(
      "upstream_unavailable",
      "The job cannot be reached now; try again.",
      options,
    );
  }
}

export function tunnelRoutes(app: App, deps: TunnelDeps): void {
  const { store, cluster, standing, metrics, pace } = deps;
  const server = new WebSocketServer(OPTIONS);

  app.get(
    "/internal/jobs/:job_id/tunnel",
    {
      config: { isTunnel: true },
      schema: {
        summary: "A WebSocket to a port of the job's pod.",
        tags: ["internal"],
        params: z.object({ job_id: z.string() }),
        querystring: Query,
        response: {
          101: z.any().describe("From here on it is a WebSocket."),
          ...problems(404, 409, 426),
        },
      },
    },
    async (request, reply) => {
      demandWebSocket(request);
      const { job_id: jobId } = request.params;
      const { port, key: keyPrefix } = request.query;
      const leave = request.takePlace("tunnel");
      try {
        const job = JOB_ID.test(jobId) && (await findJobPod(store.pool, jobId));
        if (!job) throw new ProblemError("job_not_found", `Job ${jobId} not found`);
        if (job.status !== "active" || job.pod_name === null) {
          throw new ProblemError("job_not_active", `The job is ${job.status}.`);
        }
        const pod = await dial(cluster, job.pod_name, port);
        const { socket, over } = takeConnection(request, reply);
        let isJoined = false;
        server.handleUpgrade(request.raw, socket, NOTHING, (ws) => {
          isJoined = true;
          const tunnel = joinTunnel(ws, socket, pod, pace);
          const gone = request.server.tunnels.add(() =>
            tunnel.end(TUNNEL_CLOSE.goingAway, "this service stops"),
          );
          const forget = standing.watch({
            jobId,
            keyPrefix,
            onFallen: (why) => tunnel.end(...FALLEN[why]),
          });
          void tunnel.ended.then(({ sentBytes, receivedBytes, code }) => {
            gone();
            forget();
            leave();
            metrics.ended(sentBytes, receivedBytes, code);
            over({ sentBytes, receivedBytes, end: code });
          });
        });
        if (!isJoined) {
          // the client has left meanwhile
          pod.destroy();
          leave();
          over({ sentBytes: 0, receivedBytes: 0, end: "client" });
        }
      } catch (error) {
        leave();
        throw error;
      }
      return reply;
    },
  );
}
