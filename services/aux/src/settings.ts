/** What aux reads from its environment. */
import { awsSettings, withAwsRules } from "@airlock/aws";
import { commonSettings, integer, type Rule, serviceName, withRules, word } from "@airlock/config";
import { executionApiSettings, layerVerifySettings, withLayerVerifyRules } from "@airlock/identity";
import * as z from "zod";
import { CALLER_KINDS } from "./policy/caller-kind.ts";

const fields = z.object({
  SERVICE_NAME: serviceName("aux"),
  ...commonSettings,
  ...layerVerifySettings,
  ...executionApiSettings,
  ACCESS_POLICY_FILE: z
    .string()
    .optional()
    .describe(
      "Who may do what (docs/policy.md); read again when it changes. Unset lets everybody read, in dev alone.",
    ),
  ACCESS_POLICY_CALLERS: word(CALLER_KINDS)
    .default("any")
    .describe(
      "What the gateway asks its callers for, as its GATEWAY_AUTH says: jwt, api-key, or any for none. A policy that names a caller who cannot come is refused.",
    ),
  WAITS_PER_CLIENT: integer(0, 2000)
    .default(200)
    .describe(
      "Waits for a change that one pod holds at once for one caller or address that the gateway names, of 2000 for all; 0 for no limit. More than the gateway's, for a caller comes through several of them.",
    ),
  STREAMS_PER_CLIENT: integer(0, 500)
    .default(100)
    .describe("The same of objects; S3 is asked for 200 at once."),
  ...awsSettings,
  RESERVED_CONCURRENCY: integer(1, 1000)
    .default(1)
    .describe(
      "Of the Lambda: how many processes there are at most. They share SSM_CALLS_PER_SECOND and SSM_DESCRIBE_CALLS_PER_SECOND.",
    ),
  RESPONSE_TRANSFER_MODE: word(["stream", "buffered"])
    .default("stream")
    .describe(
      "Of the Lambda: how it answers GET and HEAD, as responseTransferMode says of these methods in the API.",
    ),
});

const RULES: readonly Rule<Partial<z.infer<typeof fields>>>[] = [
  {
    key: "ACCESS_POLICY_FILE",
    message: "must be set outside dev: without a policy everybody may read everything",
    isBroken: (s) => s.ACCESS_POLICY_FILE === undefined && s.ENVIRONMENT !== "dev",
  },
];

export const settingsSchema = withLayerVerifyRules(withAwsRules(withRules(fields, RULES)));
export type Settings = Readonly<z.infer<typeof settingsSchema>>;
