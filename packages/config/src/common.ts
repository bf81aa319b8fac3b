/** The settings that every service has. */
import * as z from "zod";
import { hostPatterns, integer, onOff, port, word } from "./fields.ts";

export const ENVIRONMENTS = ["dev", "qa", "prod"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

const LOG_WORDS = {
  debug: "debug",
  info: "info",
  warning: "warn",
  warn: "warn",
  error: "error",
  fatal: "fatal",
  trace: "trace",
  silent: "silent",
} as const;
type LogWord = keyof typeof LOG_WORDS;

/** Settings shared by all services; spread into each service's own schema. */
export const commonSettings = {
  ENVIRONMENT: z
    .enum(ENVIRONMENTS, { error: "must be exactly dev, qa or prod" })
    .default("prod")
    .describe("Which environment this is: dev, qa or prod. Unset means prod, the strictest."),
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]+$/, { error: "must be an address or host name to listen on" })
    .default("::")
    .describe("Address to listen on; :: is every one, of IPv6 and of IPv4."),
  PORT: port().default(8080).describe("Port of the service."),
  METRICS_PORT: port().default(9090).describe("Port of GET /metrics, never exposed to clients."),
  LOG_LEVEL: word(Object.keys(LOG_WORDS) as LogWord[])
    .default("info")
    .transform((level) => LOG_WORDS[level])
    .describe("DEBUG, INFO, WARNING, ERROR (or pino's words), in any case."),
  DOCS: onOff()
    .optional()
    .describe("Serve /docs and /openapi.json: on or off. Unset means on in dev, off elsewhere."),
  ALLOWED_HOSTS: hostPatterns()
    .optional()
    .describe(
      "Names accepted in Host, by comma; *.example.com covers subdomains. Unset means any valid name.",
    ),
  DRAIN_DELAY_SECONDS: integer(0, 300)
    .default(5)
    .describe("How long to serve on after SIGTERM, until nobody sends new requests."),
  MAX_IN_FLIGHT: integer(1, 100_000)
    .default(1000)
    .describe("Requests in progress at once; one more is answered 503."),
  LOG_SAMPLE: integer(1, 10_000)
    .default(1)
    .describe("Log one of this many successful requests; those answered 400 and above always."),
  AWS_REGION: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: "must be an AWS region such as eu-west-1" })
    .default("eu-west-1")
    .describe("AWS region."),
  VERSION: z.string().default("unknown").describe("Version shown by /version; set by the image."),
  GIT_SHA: z.string().default("unknown").describe("Commit shown by /version; set by the image."),
  BUILD_TIME: z
    .string()
    .default("unknown")
    .describe("Build time shown by /version; set by the image."),
};

/** Of the services that tunnels go through. */
export const tunnelSettings = {
  TUNNEL_DRAIN_SECONDS: integer(0, 86_400)
    .default(0)
    .describe(
      "How long tunnels to jobs live on once the drain delay is over and nothing else is taken; the grace period must be longer.",
    ),
};

/** SERVICE_NAME with the service's own default. */
export const serviceName = (name: string): z.ZodType<string, string | undefined> =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/, {
      error: "must be 1 to 40 letters, digits, dots, dashes or underscores",
    })
    .default(name)
    .describe("Name in bodies, logs and the AWS session name.");

const commonSchema = z.object({ SERVICE_NAME: serviceName("service"), ...commonSettings });
export type CommonSettings = Readonly<z.infer<typeof commonSchema>>;

/** Whether /docs and /openapi.json are served. */
export function docsEnabled(settings: Pick<CommonSettings, "DOCS" | "ENVIRONMENT">): boolean {
  return settings.DOCS ?? settings.ENVIRONMENT === "dev";
}
