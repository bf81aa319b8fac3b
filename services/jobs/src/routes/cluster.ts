/** `/v1/gpu` and `/v1/cluster`: how many GPUs there are. */
import { Availability, ClusterStatus } from "@airlock/contract";
import type { App } from "@airlock/http";
import { clusterOf } from "../cluster.ts";
import type { ApiDeps } from "../deps.ts";

export function clusterRoutes(app: App, { outlooks }: Pick<ApiDeps, "outlooks">): void {
  const look = async () => clusterOf(await outlooks.views());
  app.get(
    "/v1/gpu/availability",
    {
      schema: {
        summary: "GPUs by type: all, free, in use, waited for.",
        tags: ["cluster"],
        response: { 200: Availability },
      },
    },
    async () => ({
      availability: (await look()).by_gpu_type,
      timestamp: new Date().toISOString(),
    }),
  );
  app.get(
    "/v1/cluster/status",
    {
      schema: {
        summary: "The same for the whole cluster, with its jobs by state.",
        tags: ["cluster"],
        response: { 200: ClusterStatus },
      },
    },
    async () => ({ ...(await look()), timestamp: new Date().toISOString() }),
  );
}
