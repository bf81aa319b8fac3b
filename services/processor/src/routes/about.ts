/** `/health`: how this service is. */
import type { App } from "@airlock/http";
import * as z from "zod";
import type { Health } from "../health.ts";
import type { Settings } from "../settings.ts";

const ProcessorHealth = z
  .object({
    status: z.enum(["healthy", "unhealthy"]),
    service: z.string(),
    environment: z.string(),
    database: z.enum(["healthy", "unhealthy"]),
    cluster: z.enum(["healthy", "unknown"]),
    reason: z.string().optional(),
    timestamp: z.iso.datetime(),
  })
  .meta({ id: "ProcessorHealth" });

export function aboutRoutes(app: App, settings: Settings, health: Health): void {
  app.get(
    "/health",
    {
      config: { answersAnybody: true },
      schema: {
        summary:
          "The database and the cluster; always 200. Answers anybody; a verified caller, and everybody in dev, learns the reason.",
        tags: ["about"],
        response: { 200: ProcessorHealth },
      },
    },
    async ({ isFromKnownService }) => {
      const { reason, ...parts } = health.report();
      return {
        status: reason === undefined ? ("healthy" as const) : ("unhealthy" as const),
        service: settings.SERVICE_NAME,
        environment: settings.ENVIRONMENT,
        ...parts,
        ...((isFromKnownService || settings.ENVIRONMENT === "dev") && { reason }),
        timestamp: new Date().toISOString(),
      };
    },
  );
}
