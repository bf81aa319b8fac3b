/** What the gateway reads from its environment, and what must not be there. */
import {
  addressRanges,
  commonSettings,
  type Environment,
  httpUrl,
  integer,
  type Rule,
  serviceName,
  tunnelSettings,
  withRules,
  word,
} from "@airlock/config";
import { MAX_WAIT_SECONDS } from "@airlock/contract";
import {
  callerSettings,
  layerPresentSettings,
  refuseMissingLayerToken,
  refuseSessionSource,
  sessionSettings,
  type TokenFileSetting,
  withCallerRules,
  withLayerPresentRules,
} from "@airlock/identity";
import * as z from "zod";
import { refuseCredentials } from "./credential-variables.ts";
import { EXECUTION_RULES, executionSettings } from "./execution-settings.ts";
import { refuseRolloutFile } from "./rollout/rollout-file.ts";
import { ROLLOUT_RULES, rolloutSettings } from "./rollout/settings.ts";

const JOBS_LAYER_TOKEN_FILE: TokenFileSetting = {
  name: "JOBS_LAYER_TOKEN_FILE",
  fallback: "/var/run/secrets/airlock/jobs-layer/token",
};

const AUX_SERVICE_URL = "http://aux.aux.svc.cluster.local:80";

const fields = z.object({
  SERVICE_NAME: serviceName("gateway"),
  ...commonSettings,
  ...tunnelSettings,
  AUX_SERVICE_URL: httpUrl()
    .optional()
    .describe(
      `Where aux is. Unset means ${AUX_SERVICE_URL}, or with LAYER_AUTH=sigv4 that it is reached by the execution API alone.`,
    ),
  JOBS_SERVICE_URL: httpUrl()
    .optional()
    .describe("Where jobs is. Unset means there is none, and nothing under /v1."),
  ...callerSettings,
  ...layerPresentSettings,
  LAYER_AUTH: word(["none", "service-account", "sigv4"])
    .optional()
    .describe(
      "Proof sent to aux and jobs: none, service-account, or sigv4, which signs what goes to the execution API and is service-account for the rest. Unset means none in dev; qa and prod must choose.",
    ),
  ...executionSettings,
  ...rolloutSettings,
  ...sessionSettings,
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

type Fields = z.infer<typeof fields>;

const JOBS_RULE: Rule<Fields> = {
  key: "JOBS_SERVICE_URL",
  message: "is needed with GATEWAY_AUTH=api-key: jobs knows the keys",
  isBroken: (s) => s.GATEWAY_AUTH === "api-key" && s.JOBS_SERVICE_URL === undefined,
};

export const settingsSchema = withCallerRules(
  withLayerPresentRules(withRules(fields, [JOBS_RULE, ...EXECUTION_RULES, ...ROLLOUT_RULES])),
);

export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** Where aux is by the direct route; undefined where there is none. */
export function auxServiceUrl(settings: Settings): string | undefined {
  const { AUX_SERVICE_URL: url, LAYER_AUTH } = settings;
  return url ?? (LAYER_AUTH === "sigv4" ? undefined : AUX_SERVICE_URL);
}

/** What one pod takes from one caller in a minute; 0 means no limit. */
export function rateLimitPerMinute(settings: Settings): number {
  return settings.RATE_LIMIT_PER_MINUTE ?? (settings.ENVIRONMENT === "dev" ? 0 : 6000);
}

/** What keeps the gateway from starting, apart from wrong settings. */
export function refuse(env: Environment): string[] {
  const isSigned = env.LAYER_AUTH?.trim().toLowerCase() === "sigv4";
  const isDirect = !isSigned || Boolean(env.AUX_SERVICE_URL?.trim());
  return [
    ...refuseCredentials(env, isSigned),
    ...(isSigned ? [...refuseSessionSource(env), ...refuseRolloutFile(env)] : []),
    ...(isDirect ? refuseMissingLayerToken(env) : []),
    ...(env.JOBS_SERVICE_URL?.trim() ? refuseMissingLayerToken(env, JOBS_LAYER_TOKEN_FILE) : []),
  ];
}
