/** What each process of a local run has in its environment: as little of the shell as possible. */
import { fileURLToPath } from "node:url";
import { LOCAL_AWS } from "@airlock/local-aws";
import { handedOn, pick, type ServiceName } from "./shell-settings.ts";
import type { StandInData } from "./stand-in-data.ts";

/** The absolute path of a file of this checkout. */
export const path = (relative: string): string =>
  fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

/** Compiled code of earlier runs, which saves a third of the time until all is ready. */
const COMPILE_CACHE = path("node_modules/.cache/airlock-compile");
const MACHINE =
  /^(PATH|HOME|TMPDIR|LANG|LC_.*|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS)$/;
const LOCAL_HOSTS = "localhost,*.localhost,127.0.0.1,[::1]";

/** What any process needs of the machine it runs on, and nothing more of the shell. */
export function machine(shell: NodeJS.ProcessEnv): Record<string, string> {
  return { ...pick(shell, (name) => MACHINE.test(name)), NODE_COMPILE_CACHE: COMPILE_CACHE };
}

/** Settings that the shell may overrule stand first, what the run sets itself last. */
export function service(
  name: ServiceName,
  { shell, cluster }: { readonly shell: NodeJS.ProcessEnv; readonly cluster?: object | undefined },
  [port, metricsPort]: readonly [number, number],
): Record<string, string> {
  // with a cluster of its own a run says all about layers, as halves of two issuers fit nowhere
  const isOurs = (setting: string) => cluster !== undefined && /^(JOBS_)?LAYER_/.test(setting);
  return {
    ALLOWED_HOSTS: LOCAL_HOSTS,
    DRAIN_DELAY_SECONDS: "0",
    ...machine(shell),
    ...pick(handedOn(shell, name), (setting) => !isOurs(setting)),
    // the gateway calls the others by their address, whatever it is called itself
    ...(name !== "gateway" && {
      ALLOWED_HOSTS: [shell.ALLOWED_HOSTS, LOCAL_HOSTS].filter(Boolean).join(","),
    }),
    SERVICE_NAME: name,
    ENVIRONMENT: "dev",
    HOST: "127.0.0.1",
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    VERSION: "0.1.0-dev",
  };
}

/** The words of the services' LOG_LEVEL that the stand-in has as well, or others for. */
const STAND_IN_LEVELS: Readonly<Record<string, string>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  warn: "warn",
  error: "error",
  fatal: "error",
  silent: "silent",
};

/** What the stand-in itself runs with. */
export function standInProcess(
  shell: NodeJS.ProcessEnv,
  port: number,
  data: StandInData | undefined,
): Record<string, string> {
  const level = STAND_IN_LEVELS[shell.LOG_LEVEL?.trim().toLowerCase() ?? ""];
  return {
    ...machine(shell),
    HOST: "127.0.0.1",
    PORT: String(port),
    ...(data && { LOCAL_AWS_FOLDER: data.folder }),
    ...(data?.seed && { LOCAL_AWS_SEED: data.seed }),
    ...(level && { LOG_LEVEL: level }),
  };
}

/** The stand-in's own user; nothing that could lead to a real account stays. */
export function standIn(port: number): Record<string, string> {
  return {
    AWS_REGION: LOCAL_AWS.region,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

/** Of aux on the stand-in, where the shell has no others: nobody shares it, and it has no limit. */
export const STAND_IN_DEFAULTS = {
  ACCESS_POLICY_FILE: path("scripts/src/start/access-policy.yaml"),
  SSM_CALLS_PER_SECOND: "1000",
  SSM_DESCRIBE_CALLS_PER_SECOND: "1000",
} as const;

export const regionOf = (shell: NodeJS.ProcessEnv) => shell.AWS_REGION || shell.AWS_DEFAULT_REGION;

export function realAws(shell: NodeJS.ProcessEnv): Record<string, string> {
  const region = regionOf(shell);
  return {
    ...pick(shell, (name) => name.startsWith("AWS_") || name === "ASSUME_ROLE_ARN"),
    ...(region && { AWS_REGION: region }),
  };
}
