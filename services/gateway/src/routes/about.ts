/** `/` and `/health`: what this service is. */
import { Health, JobsHealth, Root } from "@airlock/contract";
import type { App } from "@airlock/http";
import type { JobsWords } from "../jobs/jobs-health.ts";
import type { Settings } from "../settings.ts";

const JOBS_ENDPOINTS = {
  auth_challenge: "/v1/auth/challenge",
  auth_login: "/v1/auth/aws-login",
  keys: "/v1/keys",
  jobs: "/v1/jobs",
  job_submit: "/v1/jobs/submit",
  job: "/v1/jobs/{job_id}",
  disks: "/v1/disks",
  disk: "/v1/disks/{disk_name}",
  gpu_availability: "/v1/gpu/availability",
  cluster_status: "/v1/cluster/status",
};

const { database, queue } = JobsHealth.shape;
const HealthWithJobs = Health.extend({ database, queue }).meta({
  id: "HealthWithJobs",
  description: "Of this process; database and queue are what jobs says of its own.",
});

/** @param jobsHealth never rejects; undefined where there is no jobs API. */
export function aboutRoutes(
  app: App,
  settings: Settings,
  jobsHealth: (() => Promise<JobsWords>) | undefined,
): void {
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
        ...(jobsHealth && JOBS_ENDPOINTS),
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
        summary: jobsHealth
          ? "The process, and what jobs says of its database and queues; does not ask aux. Answers anybody."
          : "The process alone; does not ask aux. Answers anybody.",
        tags: ["about"],
        response: { 200: jobsHealth ? HealthWithJobs : Health },
      },
    },
    async () => ({
      status: "healthy" as const,
      service: settings.SERVICE_NAME,
      environment: settings.ENVIRONMENT,
      timestamp: new Date().toISOString(),
      ...(await jobsHealth?.()),
    }),
  );
}
