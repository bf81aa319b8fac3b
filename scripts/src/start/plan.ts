/** Which processes a run consists of, and the whole environment of each. */
import { fileURLToPath } from "node:url";
import { LOCAL_AWS } from "@airlock/local-aws";
import type { LocalCluster } from "./local-cluster.ts";
import type { Ports, UsedPort } from "./ports.ts";

export interface StartOptions {
  readonly only: "pair" | "aux" | "gateway";
  readonly watch: boolean;
  readonly useRealAws: boolean;
  readonly layerAuth: boolean;
}

export interface ProcessSpec {
  readonly name: "local-aws" | "aux" | "gateway";
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly UsedPort[];
  /** Answers 200 when the next process may start. */
  readonly readyUrl: string;
}

const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

/** In the order in which they start; they stop in the opposite one. */
export function planProcesses(
  options: StartOptions,
  ports: Ports,
  shell: NodeJS.ProcessEnv,
  cluster?: LocalCluster,
): ProcessSpec[] {
  const { only, useRealAws } = options;
  const args = (entry: string) => [
    ...(options.watch ? ["--watch", "--watch-preserve-output"] : []),
    "--conditions=airlock-source",
    "--enable-source-maps",
    `--import=${path("scripts/src/start/follow-parent.ts")}`,
    path(entry),
  ];
  const used = (name: keyof Ports): UsedPort => ({ name, port: ports[name] });

  const localAws: ProcessSpec = {
    name: "local-aws",
    args: args("packages/local-aws/src/main.ts"),
    env: { ...machine(shell), HOST: "127.0.0.1", PORT: String(ports.LOCAL_AWS_PORT) },
    ports: [used("LOCAL_AWS_PORT")],
    readyUrl: `http://127.0.0.1:${ports.LOCAL_AWS_PORT}/_control/health`,
  };
  const aux: ProcessSpec = {
    name: "aux",
    args: args("services/aux/src/main.ts"),
    env: {
      ...service(shell, "aux", ports.AUX_PORT, ports.AUX_METRICS_PORT),
      ...(cluster && {
        LAYER_AUTH_MODE: "enforce",
        LAYER_AUTH_ISSUER: cluster.issuer,
        LAYER_AUTH_AUDIENCE: cluster.audience,
        LAYER_AUTH_SUBJECTS: cluster.subject,
      }),
      ...(useRealAws ? realAws(shell) : standIn(shell, ports.LOCAL_AWS_PORT)),
      ...(shell.ACCESS_POLICY_FILE && { ACCESS_POLICY_FILE: shell.ACCESS_POLICY_FILE }),
    },
    ports: [used("AUX_PORT"), used("AUX_METRICS_PORT")],
    readyUrl: `http://127.0.0.1:${ports.AUX_PORT}/readyz`,
  };
  const gateway: ProcessSpec = {
    name: "gateway",
    args: args("services/gateway/src/main.ts"),
    env: {
      ...service(shell, "gateway", ports.GATEWAY_PORT, ports.GATEWAY_METRICS_PORT),
      ...(cluster && { LAYER_AUTH: "service-account", LAYER_TOKEN_FILE: cluster.tokenFile }),
      AUX_SERVICE_URL: `http://127.0.0.1:${ports.AUX_PORT}`,
    },
    ports: [used("GATEWAY_PORT"), used("GATEWAY_METRICS_PORT")],
    readyUrl: `http://127.0.0.1:${ports.GATEWAY_PORT}/readyz`,
  };
  return [
    ...(only !== "gateway" && !useRealAws ? [localAws] : []),
    ...(only !== "gateway" ? [aux] : []),
    ...(only !== "aux" ? [gateway] : []),
  ];
}

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
  "GATEWAY_JWT_ALGORITHMS",
  "GATEWAY_JWT_CALLER_CLAIM",
  "GATEWAY_JWT_GROUPS_CLAIM",
];
const LOCAL_HOSTS = "localhost,*.localhost,127.0.0.1,[::1]";

/** What any process needs of the machine it runs on, and nothing more of the shell. */
function machine(shell: NodeJS.ProcessEnv): Record<string, string> {
  return { ...pick(shell, (name) => MACHINE.test(name)), NODE_COMPILE_CACHE: COMPILE_CACHE };
}

function service(shell: NodeJS.ProcessEnv, name: string, port: number, metricsPort: number) {
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
function standIn(shell: NodeJS.ProcessEnv, port: number): Record<string, string> {
  return {
    ...pick(shell, (name) => name === "AWS_CA_BUNDLE"),
    ACCESS_POLICY_FILE: path("scripts/src/start/access-policy.yaml"),
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

function realAws(shell: NodeJS.ProcessEnv): Record<string, string> {
  const region = shell.AWS_REGION || shell.AWS_DEFAULT_REGION;
  return {
    ...pick(shell, (name) => name.startsWith("AWS_") || name === "ASSUME_ROLE_ARN"),
    ...(region && { AWS_REGION: region }),
  };
}

function pick(shell: NodeJS.ProcessEnv, wanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(shell).filter(
      (entry): entry is [string, string] => wanted(entry[0]) && Boolean(entry[1]),
    ),
  );
}
