/** `/` and `/health`: what this service is. */
import { Health, Root } from "@airlock/contract";
import type { App } from "@airlock/http";
import type { Settings } from "../settings.ts";

export function aboutRoutes(app: App, settings: Settings): void {
  app.get(
    "/",
    {
      schema: {
        summary: "What this service is and which paths it has.",
        tags: ["about"],
        response: { 200: Root },
      },
    },
    async () => ({
      service: settings.SERVICE_NAME,
      version: settings.VERSION,
      type: "public_gateway" as const,
      environment: settings.ENVIRONMENT,
      architecture: "BFF - Backend for Frontend",
      endpoints: {
        health: "/health",
        config: "/config",
        config_get: "/config/{name}",
        config_batch: "/config/batch",
        storage: "/storage",
        storage_bucket: "/storage/{bucket}",
        storage_object: "/storage/{bucket}/{key}",
        presigned: "/presigned/{bucket}/{key}",
        version: "/version",
        docs: "/docs",
      },
    }),
  );
  app.get(
    "/health",
    {
      schema: {
        summary: "The process alone; does not ask aux.",
        tags: ["about"],
        response: { 200: Health },
      },
    },
    async () => ({
      status: "healthy" as const,
      service: settings.SERVICE_NAME,
      environment: settings.ENVIRONMENT,
      timestamp: new Date().toISOString(),
    }),
  );
}
