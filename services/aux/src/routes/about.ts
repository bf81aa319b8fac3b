/** `/` and `/health`: what this service is and how it is. */
import type { Session } from "@airlock/aws";
import { Health, Root } from "@airlock/contract";
import type { App } from "@airlock/http";
import type { Settings } from "../settings.ts";

export function aboutRoutes(app: App, settings: Settings, session: Session): void {
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
      type: "internal" as const,
      environment: settings.ENVIRONMENT,
      capabilities: ["s3_operations", "parameter_store"],
      endpoints: {
        health: "/health",
        s3_buckets: "/s3/buckets",
        parameters: "/parameters",
        parameters_get: "/parameters/{name}",
        version: "/version",
        docs: "/docs",
      },
    }),
  );
  app.get(
    "/health",
    {
      config: { answersAnybody: true },
      schema: {
        summary:
          "The process. Answers anybody; a verified caller, and everybody in dev, learns the state of the AWS session.",
        tags: ["about"],
        response: { 200: Health },
      },
    },
    async ({ isFromKnownService }) => ({
      status: "healthy" as const,
      service: settings.SERVICE_NAME,
      environment: settings.ENVIRONMENT,
      timestamp: new Date().toISOString(),
      region: settings.AWS_REGION,
      ...((isFromKnownService || settings.ENVIRONMENT === "dev") && {
        aws_session: session.report(),
      }),
    }),
  );
}
