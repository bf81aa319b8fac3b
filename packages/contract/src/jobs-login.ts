/** Logins, keys and the health of the jobs API on the wire. */
import * as z from "zod";
import { count, ordinal } from "./numbers.ts";
import { timestamp } from "./timestamp.ts";

export const LoginChallenge = z
  .object({
    challenge: z.string().meta({ description: "Sign it with the login; good for one attempt." }),
    expires_at: timestamp,
    ttl_seconds: count,
  })
  .meta({ id: "LoginChallenge" });

/** Credentials themselves, where the service lets them be sent. */
export const RawAwsLogin = z
  .object({
    aws_access_key_id: z.string().min(16).max(128),
    aws_secret_access_key: z.string().min(40).max(128),
    aws_session_token: z.string().min(100).max(2048).nullish(),
  })
  .meta({ id: "RawAwsLogin" });

const keyMembers = {
  api_key: z.string().meta({ description: "Shown this once." }),
  key_prefix: z.string(),
  user_id: ordinal,
  username: z.string(),
};

export const AwsLoginAnswer = z
  .object({
    ...keyMembers,
    aws_arn: z.string(),
    expires_at: timestamp,
    ttl_hours: count,
  })
  .meta({ id: "AwsLoginAnswer" });

export const RotatedKey = z.object({ ...keyMembers, expires_at: timestamp }).meta({
  id: "RotatedKey",
  description: "Takes the place of the key that asked, and ends no later than its login does.",
});

export const ApiKeys = z
  .object({
    keys: z.array(
      z.object({
        key_prefix: z.string(),
        description: z.string().nullable(),
        created_at: timestamp,
        expires_at: timestamp,
        last_used_at: timestamp.nullable().meta({ description: "To about a minute." }),
        current: z.boolean().meta({ description: "The key of this request." }),
      }),
    ),
    total: count,
  })
  .meta({ id: "ApiKeys", description: "The user's keys that work, newest first." });

export const RevokedKey = z
  .object({ key_prefix: z.string(), status: z.literal("revoked") })
  .meta({ id: "RevokedKey" });

export const JobsHealth = z
  .object({
    status: z.enum(["healthy", "unhealthy"]),
    service: z.string(),
    environment: z.string(),
    database: z.enum(["healthy", "unhealthy", "unknown"]),
    queue: z.enum(["healthy", "missing", "unknown"]),
    reason: z
      .string()
      .optional()
      .describe("What is wrong, in a sentence; for a verified caller, and in dev."),
    timestamp,
  })
  .meta({ id: "JobsHealth", description: "Always 200; probes use /livez and /readyz." });

export type LoginChallenge = z.infer<typeof LoginChallenge>;
export type RawAwsLogin = z.infer<typeof RawAwsLogin>;
export type AwsLoginAnswer = z.infer<typeof AwsLoginAnswer>;
export type RotatedKey = z.infer<typeof RotatedKey>;
export type ApiKeys = z.infer<typeof ApiKeys>;
export type RevokedKey = z.infer<typeof RevokedKey>;
export type JobsHealth = z.infer<typeof JobsHealth>;
