/** What services say of themselves, as the OpenAPI documents show them. */
import { AT } from "./shared.ts";

export const ABOUT_EXAMPLES = {
  Root: {
    service: "gateway",
    version: "0.1.0",
    type: "public_gateway",
    environment: "dev",
    endpoints: { health: "/health", config: "/config" },
  },
  JobsRoot: {
    service: "jobs",
    version: "0.1.0",
    docs: "/docs",
    health: "/health",
    auth: {
      challenge: "/v1/auth/challenge",
      aws_login: "/v1/auth/aws-login",
      description: "Prove an AWS identity, get a key that ends by itself.",
    },
    endpoints: { jobs: "/v1/jobs" },
  },
  Health: { status: "healthy", service: "aux", environment: "dev", timestamp: AT },
  HealthWithJobs: {
    status: "healthy",
    service: "gateway",
    environment: "dev",
    timestamp: AT,
    database: "healthy",
    queue: "healthy",
  },
  JobsHealth: {
    status: "healthy",
    service: "jobs",
    environment: "dev",
    database: "healthy",
    queue: "healthy",
    timestamp: AT,
  },
  ProcessorHealth: {
    status: "healthy",
    service: "processor",
    environment: "dev",
    database: "healthy",
    cluster: "healthy",
    timestamp: AT,
  },
  AwsSession: {
    state: "valid",
    source: "assumed_role",
    expires_at: "2026-01-15T17:30:00.000Z",
    refresh_failures: 0,
  },
  Probe: { status: "ok" },
  Version: {
    version: "0.1.0",
    git_sha: "4f1c2d9",
    build_time: AT,
    service: "gateway",
    environment: "dev",
    region: "eu-west-1",
  },
  Problem: {
    type: "urn:airlock:problem:bad_request",
    title: "Bad Request",
    status: 400,
    detail: "limit must be a number from 1 to 1000, but is a text of 4 characters",
    instance: "urn:request:5b1c1f64-7a3d-4c1e-9b62-0f5a6f1f2c11",
    code: "bad_request",
    request_id: "5b1c1f64-7a3d-4c1e-9b62-0f5a6f1f2c11",
  },
};
