/** What the gateway reads from its environment, and what must not be there. */
import {
  addressRanges,
  commonSettings,
  type Environment,
  httpUrl,
  integer,
  serviceName,
  tunnelSettings,
} from "@airlock/config";
import { MAX_WAIT_SECONDS } from "@airlock/contract";
import {
  callerSettings,
  layerPresentSettings,
  refuseMissingLayerToken,
  type TokenFileSetting,
  withCallerRules,
  withLayerPresentRules,
} from "@airlock/identity";
import * as z from "zod";

const JOBS_LAYER_TOKEN_FILE: TokenFileSetting = {
  name: "JOBS_LAYER_TOKEN_FILE",
  fallback: "/var/run/secrets/airlock/jobs-layer/token",
};

const fields = z.object({
  SERVICE_NAME: serviceName("gateway"),
  ...commonSettings,
  ...tunnelSettings,
  AUX_SERVICE_URL: httpUrl()
    .default("http://aux.aux.svc.cluster.local:80")
    .describe("Where aux is."),
  JOBS_SERVICE_URL: httpUrl()
    .optional()
    .describe("Where jobs is. Unset means there is none, and nothing under /v1."),
  ...callerSettings,
  ...layerPresentSettings,
  JOBS_LAYER_TOKEN_FILE: z
    .string()
    .default(JOBS_LAYER_TOKEN_FILE.fallback)
    .describe("The same with the audience of jobs; a token is for one service alone."),
  RATE_LIMIT_PER_MINUTE: integer(0, 10_000_000)
    .optional()
    .describe(
      "Requests a minute that one pod takes from one caller, or from one address (of IPv6, one /64) where callers are not known; 0 for no limit. Unset means 0 in dev, 6000 elsewhere.",
    ),
  LOGIN_RATE_PER_MINUTE: integer(0, 10_000_000)
    .default(10)
    .describe(
      "Logins a minute that one pod takes from one address (of IPv6, from one /64), and as many challenges; 0 for no limit.",
    ),
  WAITS_PER_CLIENT: integer(0, 2000)
    .default(100)
    .describe(
      "Waits for a change that one pod holds at once for one caller, or for one address where callers are not known, of 2000 for all; 0 for no limit.",
    ),
  MAX_WAIT_SECONDS: integer(1, MAX_WAIT_SECONDS)
    .default(55)
    .describe(
      "Longest wait for a change or an event; who asks for more gets so much. Less than the 60 s after which most proxies give a request up.",
    ),
  STREAMS_PER_CLIENT: integer(0, 500)
    .default(50)
    .describe(
      "Objects that one pod fetches at once for one caller, or for one address where callers are not known, of 500 for all; 0 for no limit.",
    ),
  TRUST_PROXY: addressRanges()
    .optional()
    .describe(
      "CIDRs of the proxies in front, by comma: their X-Forwarded-For is believed, with or without ports. Unset means nobody's: then all clients of a proxy are one to the limits, and have one client's part of what is shared.",
    ),
});

const withJobsRule = (schema: typeof fields): typeof fields =>
  schema.refine((s) => s.GATEWAY_AUTH !== "api-key" || s.JOBS_SERVICE_URL !== undefined, {
    path: ["JOBS_SERVICE_URL"],
    error: "is needed with GATEWAY_AUTH=api-key: jobs knows the keys",
    when: () => true,
  });

export const settingsSchema = withCallerRules(withLayerPresentRules(withJobsRule(fields)));

export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** Everything the AWS SDKs and CLIs would take credentials from. */
const CREDENTIAL =
  /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|PROFILE|SHARED_CREDENTIALS_FILE|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_RELATIVE_URI|CONTAINER_CREDENTIALS_FULL_URI|CONTAINER_AUTHORIZATION_TOKEN|CONTAINER_AUTHORIZATION_TOKEN_FILE|BEARER_TOKEN_.*)$/;

/** What one pod takes from one caller in a minute; 0 means no limit. */
export function rateLimitPerMinute(settings: Settings): number {
  return settings.RATE_LIMIT_PER_MINUTE ?? (settings.ENVIRONMENT === "dev" ? 0 : 6000);
}

/** What keeps the gateway from starting, apart from wrong settings. */
export function refuse(env: Environment): string[] {
  return [
    ...refuseCredentials(env),
    ...refuseMissingLayerToken(env),
    ...(env.JOBS_SERVICE_URL?.trim() ? refuseMissingLayerToken(env, JOBS_LAYER_TOKEN_FILE) : []),
  ];
}

/** One sentence for each AWS credential in the environment of the public service. */
function refuseCredentials(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => CREDENTIAL.test(name) && env[name])
    .sort()
    .map((name) => `${name}: the gateway faces the public and must hold no AWS credentials; unset`);
}
