/** The bodies that every service has; each schema validates, serialises, types and documents at once. */
import * as z from "zod";
import { count, whole } from "./numbers.ts";
import { timestamp } from "./timestamp.ts";

export const Root = z
  .object({
    service: z.string(),
    version: z.string(),
    type: z.enum(["public_gateway", "internal"]),
    environment: z.string(),
    architecture: z.string().optional(),
    capabilities: z.array(z.string()).optional(),
    endpoints: z.record(z.string(), z.string()),
  })
  .meta({ id: "Root", description: "What this service is and which paths it has." });

export const AwsSession = z
  .object({
    state: z.enum(["valid", "unavailable"]).meta({ description: "Whether AWS can be called now." }),
    source: z
      .enum(["assumed_role", "web_identity", "chained_role", "default_chain"])
      .meta({ description: "Where the session comes from." }),
    expires_at: timestamp.nullable(),
    refresh_failures: count.meta({ description: "Failed refreshes since the last good one." }),
  })
  .meta({ id: "AwsSession" });

export const Health = z
  .object({
    status: z.literal("healthy"),
    service: z.string(),
    environment: z.string(),
    timestamp,
    region: z.string().optional(),
    aws_session: AwsSession.optional().describe("For a verified caller, and in dev."),
  })
  .meta({ id: "Health", description: "The seed's health body; probes use /livez and /readyz." });

export const Probe = z.object({ status: z.enum(["ok", "unavailable"]) }).meta({ id: "Probe" });

export const Version = z
  .object({
    version: z.string(),
    git_sha: z.string(),
    build_time: z.string(),
    service: z.string(),
    environment: z.string(),
    region: z.string(),
  })
  .meta({ id: "Version" });

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: whole(400, 599),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    request_id: z.string(),
  })
  .meta({ id: "Problem", description: "An error (RFC 9457, application/problem+json)." });

export type Root = z.infer<typeof Root>;
export type AwsSession = z.infer<typeof AwsSession>;
export type Problem = z.infer<typeof Problem>;
