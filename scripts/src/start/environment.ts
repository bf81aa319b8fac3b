/** What each process of a local run has in its environment: as little of the shell as possible. */
import { fileURLToPath } from "node:url";
import { LOCAL_AWS } from "@airlock/local-aws";

/** The absolute path of a file of this checkout. */
export const path = (relative: string): string =>
  fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

/** Compiled code of earlier runs, which saves a third of the time until all is ready. */
const COMPILE_CACHE = path("node_modules/.cache/airlock-compile");
const MACHINE =
  /^(PATH|HOME|TMPDIR|LANG|LC_.*|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS)$|^(https?|all|no)_proxy$/i;
/** Settings that a developer may try out: handed from the shell to the service that has them. */
const HANDED_ON = [
  "LOG_LEVEL",
  "LOG_SAMPLE",
  "DOCS",
  "ALLOWED_HOSTS",
  "DRAIN_DELAY_SECONDS",
  "MAX_IN_FLIGHT",
  "RATE_LIMIT_PER_MINUTE",
  "TRUST_PROXY",
  "GATEWAY_AUTH",
  "GATEWAY_JWT_ISSUER",
  "GATEWAY_JWT_AUDIENCE",
  "GATEWAY_JWT_JWKS_URL",
  "GATEWAY_JWT_JWKS_FILE",
  "GATEWAY_JWT_JWKS_TOKEN_FILE",
  "GATEWAY_JWT_JWKS_CA_FILE",
  "GATEWAY_JWT_ALGORITHMS",
  "GATEWAY_JWT_CALLER_CLAIM",
  "GATEWAY_JWT_GROUPS_CLAIM",
  "LOGIN_RATE_PER_MINUTE",
  "API_KEY_TTL_HOURS",
];
const LOCAL_HOSTS = "localhost,*.localhost,127.0.0.1,[::1]";

/** What any process needs of the machine it runs on, and nothing more of the shell. */
export function machine(shell: NodeJS.ProcessEnv): Record<string, string> {
  return { ...pick(shell, (name) => MACHINE.test(name)), NODE_COMPILE_CACHE: COMPILE_CACHE };
}

export function service(shell: NodeJS.ProcessEnv, name: string, port: number, metricsPort: number) {
  return {
    ALLOWED_HOSTS: LOCAL_HOSTS,
    DRAIN_DELAY_SECONDS: "0",
    ...machine(shell),
    ...pick(shell, (key) => HANDED_ON.includes(key)),
    SERVICE_NAME: name,
    ENVIRONMENT: "dev",
    HOST: "127.0.0.1",
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    VERSION: "0.1.0-dev",
  };
}

/** The stand-in's own user; nothing that could lead to a real account stays. */
export function standIn(shell: NodeJS.ProcessEnv, port: number): Record<string, string> {
  return {
    ...pick(shell, (name) => name === "AWS_CA_BUNDLE"),
    ACCESS_POLICY_FILE: path("scripts/src/start/access-policy.yaml"),
    // nobody shares the stand-in, and it has no limit
    SSM_CALLS_PER_SECOND: "1000",
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

export const regionOf = (shell: NodeJS.ProcessEnv) => shell.AWS_REGION || shell.AWS_DEFAULT_REGION;

export function realAws(shell: NodeJS.ProcessEnv): Record<string, string> {
  const region = regionOf(shell);
  return {
    ...pick(shell, (name) => name.startsWith("AWS_") || name === "ASSUME_ROLE_ARN"),
    ...(region && { AWS_REGION: region }),
  };
}

export function pick(
  shell: NodeJS.ProcessEnv,
  wanted: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(shell).filter(
      (entry): entry is [string, string] => wanted(entry[0]) && Boolean(entry[1]),
    ),
  );
}
