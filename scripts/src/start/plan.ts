/** Which processes a run consists of, and the whole environment of each. */
import { LOCAL_AWS } from "@airlock/local-aws";
import { machine, path, pick, realAws, regionOf, service, standIn } from "./environment.ts";
import type { Audience, LocalCluster } from "./local-cluster.ts";
import type { LocalDatabase } from "./local-database.ts";
import type { Ports, UsedPort } from "./ports.ts";

export const TARGETS = ["all", "pair", "aux", "gateway"] as const;

export interface StartOptions {
  readonly only: (typeof TARGETS)[number];
  readonly watch: boolean;
  readonly useRealAws: boolean;
  readonly layerAuth: boolean;
  /** Empty the database first. */
  readonly reset: boolean;
}

type Environment = Readonly<Record<string, string>>;

export interface ProcessSpec {
  readonly name: "local-aws" | "aux" | "jobs" | "gateway";
  readonly args: readonly string[];
  /** Its whole environment; a promise of it lets the processes before start meanwhile. */
  readonly env: Environment | Promise<Environment>;
  readonly ports: readonly UsedPort[];
  /** Answers 200 when the next process may start. */
  readonly readyUrl: string;
}

/** What the processes of a run stand on, as far as the run has it. */
export interface Ground {
  readonly ports: Ports;
  readonly shell: NodeJS.ProcessEnv;
  readonly cluster?: LocalCluster | undefined;
  /** Where jobs keeps its rows, and the key to what is encrypted in them. */
  readonly database?: Promise<LocalDatabase & { readonly keysFile: string }> | undefined;
  /** The account of the shell's own credentials. */
  readonly realAccount?: string | undefined;
}

/** In the order in which they start; they stop in the opposite one. */
export function planProcesses(options: StartOptions, ground: Ground): ProcessSpec[] {
  const { only, useRealAws, watch } = options;
  return [
    ...(only !== "gateway" && !useRealAws ? [localAws(ground, watch)] : []),
    ...(only !== "gateway" ? [aux(ground, options)] : []),
    ...(only === "all" ? [jobs(ground, options)] : []),
    ...(only !== "aux" ? [gateway(ground, options)] : []),
  ];
}

function localAws({ ports, shell }: Ground, watch: boolean): ProcessSpec {
  return {
    name: "local-aws",
    args: argsOf("packages/local-aws/src/main.ts", watch),
    env: { ...machine(shell), HOST: "127.0.0.1", PORT: String(ports.LOCAL_AWS_PORT) },
    ports: used(ports, "LOCAL_AWS_PORT"),
    readyUrl: `http://127.0.0.1:${ports.LOCAL_AWS_PORT}/_control/health`,
  };
}

function aux({ ports, shell, cluster }: Ground, { watch, useRealAws }: StartOptions): ProcessSpec {
  return {
    name: "aux",
    args: argsOf("services/aux/src/main.ts", watch),
    env: {
      ...service(shell, "aux", ports.AUX_PORT, ports.AUX_METRICS_PORT),
      ...enforced("aux", cluster),
      ...(useRealAws ? realAws(shell) : standIn(shell, ports.LOCAL_AWS_PORT)),
      ...(shell.ACCESS_POLICY_FILE && { ACCESS_POLICY_FILE: shell.ACCESS_POLICY_FILE }),
      ACCESS_POLICY_CALLERS: callersOf(shell),
    },
    ports: used(ports, "AUX_PORT", "AUX_METRICS_PORT"),
    readyUrl: `http://127.0.0.1:${ports.AUX_PORT}/readyz`,
  };
}

/** A policy is held to the callers that the gateway beside it has; what is no word is for that to say. */
function callersOf({ GATEWAY_AUTH = "" }: NodeJS.ProcessEnv): string {
  const asked = GATEWAY_AUTH.trim().toLowerCase();
  return asked === "jwt" || asked === "api-key" ? asked : "any";
}

function jobs(ground: Ground, { watch, useRealAws }: StartOptions): ProcessSpec {
  const { ports, shell, cluster, database, realAccount } = ground;
  const ownAccounts = useRealAws ? shell.ALLOWED_AWS_ACCOUNTS || realAccount : undefined;
  const env = {
    ...service(shell, "jobs", ports.JOBS_PORT, ports.JOBS_METRICS_PORT),
    ...enforced("jobs", cluster),
    AWS_REGION: (useRealAws && regionOf(shell)) || LOCAL_AWS.region,
    ALLOWED_AWS_ACCOUNTS: ownAccounts ?? LOCAL_AWS.accountId,
    ...(useRealAws
      ? pick(shell, (name) => name === "ALLOWED_AWS_ROLE")
      : { AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.LOCAL_AWS_PORT}` }),
  };
  return {
    name: "jobs",
    args: argsOf("services/jobs/src/main.ts", watch),
    env:
      database?.then(({ url, keysFile }) => ({
        ...env,
        DATABASE_URL: url,
        ENV_VARS_KEYS_FILE: keysFile,
      })) ?? env,
    ports: used(ports, "JOBS_PORT", "JOBS_METRICS_PORT"),
    readyUrl: `http://127.0.0.1:${ports.JOBS_PORT}/readyz`,
  };
}

function gateway({ ports, shell, cluster }: Ground, { only, watch }: StartOptions): ProcessSpec {
  return {
    name: "gateway",
    args: argsOf("services/gateway/src/main.ts", watch),
    env: {
      ...service(shell, "gateway", ports.GATEWAY_PORT, ports.GATEWAY_METRICS_PORT),
      ...(cluster && {
        LAYER_AUTH: "service-account",
        LAYER_TOKEN_FILE: cluster.tokenFiles.aux,
        JOBS_LAYER_TOKEN_FILE: cluster.tokenFiles.jobs,
      }),
      AUX_SERVICE_URL: `http://127.0.0.1:${ports.AUX_PORT}`,
      ...(only === "all" && { JOBS_SERVICE_URL: `http://127.0.0.1:${ports.JOBS_PORT}` }),
    },
    ports: used(ports, "GATEWAY_PORT", "GATEWAY_METRICS_PORT"),
    readyUrl: `http://127.0.0.1:${ports.GATEWAY_PORT}/readyz`,
  };
}

function argsOf(entry: string, watch: boolean): string[] {
  return [
    ...(watch ? ["--watch", "--watch-preserve-output"] : []),
    "--conditions=airlock-source",
    "--enable-source-maps",
    `--import=${path("scripts/src/start/follow-parent.ts")}`,
    path(entry),
  ];
}

const used = (ports: Ports, ...names: (keyof Ports)[]): UsedPort[] =>
  names.map((name) => ({ name, port: ports[name] }));

/** With a cluster to issue tokens, a service answers gateway's identity only. */
function enforced(audience: Audience, cluster: LocalCluster | undefined): Record<string, string> {
  if (!cluster) return {};
  return {
    LAYER_AUTH_MODE: "enforce",
    ...cluster.issuerSettings,
    LAYER_AUTH_AUDIENCE: audience,
    LAYER_AUTH_SUBJECTS: cluster.subject,
  };
}
