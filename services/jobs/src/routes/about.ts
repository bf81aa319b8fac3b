/** `/` and `/health`: what this service is and how it is. */
import { JobsHealth } from "@airlock/contract";
import type { App } from "@airlock/http";
import * as z from "zod";
import type { Health } from "../health.ts";
import type { Settings } from "../settings.ts";

/** The seed's words, not those of the other services. */
const About = z
  .object({
    service: z.string(),
    version: z.string(),
    docs: z.string(),
    health: z.string(),
    auth: z.object({ challenge: z.string(), aws_login: z.string(), description: z.string() }),
    endpoints: z.record(z.string(), z.string()),
  })
  .meta({ id: "JobsRoot" });

export function aboutRoutes(app: App, settings: Settings, health: Health): void {
  app.get(
    "/",
    {
      schema: {
        summary: "What this service is and which paths it has.",
        tags: ["about"],
        response: { 200: About },
      },
    },
    async () => ({
      service: settings.SERVICE_NAME,
      version: settings.VERSION,
      docs: "/docs",
      health: "/health",
      auth: {
        challenge: "/v1/auth/challenge",
        aws_login: "/v1/auth/aws-login",
        description: "Prove an AWS identity, get a key that ends by itself.",
      },
      endpoints: {
        jobs: "/v1/jobs",
        keys: "/v1/keys",
        disks: "/v1/disks",
        disk_operations: "/v1/disks/{disk_name}/operations/{operation_id}",
        disk_content: "/v1/disks/{disk_name}/content",
        disk_rename: "/v1/disks/{disk_name}/rename",
        gpu_availability: "/v1/gpu/availability",
        cluster_status: "/v1/cluster/status",
      },
    }),
  );
  app.get(
    "/health",
    {
      config: { answersAnybody: true },
      schema: {
        summary:
          "The database and the queues; always 200. Answers anybody; a verified caller, and everybody in dev, learns the reason.",
        tags: ["about"],
        response: { 200: JobsHealth },
      },
    },
    async ({ isFromKnownService }) => {
      const { reason, ...report } = health.report();
      return {
        ...report,
        service: settings.SERVICE_NAME,
        environment: settings.ENVIRONMENT,
        ...((isFromKnownService || settings.ENVIRONMENT === "dev") && { reason }),
      };
    },
  );
}
