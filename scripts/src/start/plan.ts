/** Which processes a run consists of, and the whole environment of each. */
import { LOCAL_AWS } from "@airlock/local-aws";
import { findSshd } from "../../../packages/local-kubernetes/src/ssh/sshd-program.ts";
import {
  machine,
  path,
  realAws,
  regionOf,
  STAND_IN_DEFAULTS,
  service,
  standIn,
  standInProcess,
} from "./environment.ts";
import type { Audience, LocalCluster } from "./local-cluster.ts";
import { hasDatabase, hasProcessor, hasStandIn, type StartOptions } from "./options.ts";
import type { PortName, Ports } from "./ports.ts";
import type { ServiceName } from "./shell-settings.ts";
import type { StandInData } from "./stand-in-data.ts";

export type Environment = Readonly<Record<string, string>>;

export interface ProcessSpec {
  readonly name: "local-aws" | "local-kubernetes" | "aux-lambda" | ServiceName;
  /** Relative to the checkout. */
  readonly entry: string;
  /** What it loads by a name that it is given; the entry itself where it loads nothing so. */
  readonly loads?: string;
  /** Its environment, but for what is in `secrets`. */
  readonly env: Environment;
  /** Awaited before it starts: the processes before it need not wait. */
  readonly secrets?: (() => Promise<Environment>) | undefined;
  readonly ports: readonly PortName[];
  /** The process that holds what this one has been given, and takes it along when it ends. */
  readonly leansOn?: ProcessSpec["name"];
  /** Those that have to be ready before it starts, as far as the run has them. */
  readonly after?: readonly ProcessSpec["name"][];
  /** Answers 200 when the next process may start. */
  readonly readyUrl: string;
}

/** Of jobs that name none. */
const DEFAULT_IMAGE = "pytorch/pytorch:2.8.0-cuda12.9-cudnn9-devel";

/** What the processes of a run stand on, as far as the run has it. */
export interface Ground {
  readonly ports: Ports;
  readonly shell: NodeJS.ProcessEnv;
  /** Another run has brought it. */
  readonly standInIsThere?: boolean;
  readonly cluster?: LocalCluster | undefined;
  readonly standInData?: StandInData | undefined;
  /** Where jobs keeps its rows, and the key to what is encrypted in them. */
  readonly database?: Promise<{ readonly url: string; readonly keysFile: string }> | undefined;
  /** Where the way to the cluster is written. */
  readonly kubeconfig?: string | undefined;
  /** Where users' disks are kept. */
  readonly volumes?: string | undefined;
  /** The account of the shell's own credentials. */
  readonly realAccount?: string | undefined;
}

/** In the order in which they start; they stop in the opposite one. */
export function planProcesses(options: StartOptions, ground: Ground): ProcessSpec[] {
  const { only } = options;
  const has = (...targets: StartOptions["only"][]) => targets.includes(only);
  return [
    ...(hasStandIn(options) && !ground.standInIsThere ? [localAws(ground)] : []),
    ...(hasProcessor(options) ? [localKubernetes(ground), processor(ground)] : []),
    ...(has("all", "pair", "aux") ? [aux(ground, options)] : []),
    ...(options.layerAuth === "sigv4" ? [auxLambda(ground)] : []),
    ...(hasDatabase(options) ? [jobs(ground, options)] : []),
    ...(has("all", "pair", "gateway") ? [gateway(ground, options)] : []),
  ];
}

/** Nothing else answers there. */
export const standInHealth = ({ LOCAL_AWS_PORT }: Ports): string =>
  `http://127.0.0.1:${LOCAL_AWS_PORT}/_control/health`;

function localAws({ ports, shell, standInData }: Ground): ProcessSpec {
  return {
    name: "local-aws",
    entry: "packages/local-aws/src/main.ts",
    env: standInProcess(shell, ports.LOCAL_AWS_PORT, standInData),
    ports: ["LOCAL_AWS_PORT"],
    readyUrl: standInHealth(ports),
  };
}

/** In memory but for users' disks: jobs that a run before has left are lost with it. */
function localKubernetes({ ports, shell, kubeconfig = "", volumes = "" }: Ground): ProcessSpec {
  return {
    name: "local-kubernetes",
    entry: "packages/local-kubernetes/src/main.ts",
    env: {
      ...machine(shell),
      HOST: "127.0.0.1",
      PORT: String(ports.LOCAL_KUBERNETES_PORT),
      LOCAL_KUBERNETES_NAMESPACE: JOBS_NAMESPACE,
      LOCAL_KUBERNETES_KUBECONFIG: kubeconfig,
      LOCAL_KUBERNETES_VOLUMES: volumes,
    },
    ports: ["LOCAL_KUBERNETES_PORT"],
    readyUrl: `http://127.0.0.1:${ports.LOCAL_KUBERNETES_PORT}/readyz`,
  };
}

const JOBS_NAMESPACE = "gpu-dev";

function processor(ground: Ground): ProcessSpec {
  const { ports, cluster, kubeconfig = "" } = ground;
  return {
    name: "processor",
    entry: "services/processor/src/main.ts",
    env: {
      ...sshUser(),
      ...service("processor", ground, [ports.PROCESSOR_PORT, ports.PROCESSOR_METRICS_PORT]),
      ...enforced("processor", cluster),
      KUBECONFIG: kubeconfig,
      JOBS_NAMESPACE,
    },
    secrets: databaseSecrets(ground),
    ports: ["PROCESSOR_PORT", "PROCESSOR_METRICS_PORT"],
    // the token for it is another one each time
    leansOn: "local-kubernetes",
    after: ["local-kubernetes"],
    readyUrl: `http://127.0.0.1:${ports.PROCESSOR_PORT}/readyz`,
  };
}

/** The cluster that is played lets in whoever its pods run as. */
function sshUser(): Record<string, string> {
  const sshd = findSshd();
  return typeof sshd === "string" ? {} : { SSH_USER: sshd.user };
}

const databaseSecrets = ({ database }: Ground): ProcessSpec["secrets"] =>
  database &&
  (async () => {
    const { url, keysFile } = await database;
    return { DATABASE_URL: url, ENV_VARS_KEYS_FILE: keysFile };
  });

function aux(ground: Ground, { useRealAws }: StartOptions): ProcessSpec {
  const { ports, shell, cluster } = ground;
  return {
    name: "aux",
    entry: "services/aux/src/main.ts",
    env: {
      ...(!useRealAws && STAND_IN_DEFAULTS),
      ...service("aux", ground, [ports.AUX_PORT, ports.AUX_METRICS_PORT]),
      ...enforced("aux", cluster),
      ...(useRealAws ? realAws(shell) : standIn(ports.LOCAL_AWS_PORT)),
      ACCESS_POLICY_CALLERS: callersOf(shell),
    },
    ports: ["AUX_PORT", "AUX_METRICS_PORT"],
    // its session is the stand-in's
    leansOn: "local-aws",
    after: ["local-aws"],
    readyUrl: `http://127.0.0.1:${ports.AUX_PORT}/readyz`,
  };
}

/** As many as the invocations that one process stands for, which on AWS would have one each. */
const LAMBDA_PLACES = "64";

/** aux behind the stand-in's execution API, as on AWS: it asks for its requests, and listens nowhere. */
function auxLambda(ground: Ground): ProcessSpec {
  const { ports, shell } = ground;
  return {
    name: "aux-lambda",
    entry: "packages/local-aws/src/lambda/run.ts",
    loads: "services/aux/src/lambda.ts",
    env: {
      ...STAND_IN_DEFAULTS,
      ...service("aux", ground, [ports.AUX_PORT, ports.AUX_METRICS_PORT]),
      SERVICE_NAME: "aux-lambda",
      LAYER_AUTH_MODE: "enforce",
      LAYER_AUTH_ACCEPTS: "execution-api",
      LAYER_AUTH_ROLES: LOCAL_AWS.gatewayRoleArn,
      ...standIn(ports.LOCAL_AWS_PORT),
      ACCESS_POLICY_CALLERS: callersOf(shell),
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${ports.LOCAL_AWS_PORT}`,
      LAMBDA_TASK_ROOT: path("services/aux/src"),
      _HANDLER: "lambda.handler",
      LAMBDA_PLACES,
    },
    ports: [],
    leansOn: "local-aws",
    after: ["local-aws"],
    readyUrl: `http://127.0.0.1:${ports.LOCAL_AWS_PORT}/_control/lambda`,
  };
}

/** Where the stand-in shows its execution API. */
export const executionApiUrl = ({ LOCAL_AWS_PORT }: Ports): string =>
  `http://127.0.0.1:${LOCAL_AWS_PORT}/execute-api/prod`;

/** A policy is held to the callers that the gateway beside it has; what is no word is for that to say. */
function callersOf({ GATEWAY_AUTH = "" }: NodeJS.ProcessEnv): string {
  const asked = GATEWAY_AUTH.trim().toLowerCase();
  return asked === "jwt" || asked === "api-key" ? asked : "any";
}

function jobs(ground: Ground, { useRealAws }: StartOptions): ProcessSpec {
  const { ports, shell, cluster, realAccount } = ground;
  return {
    name: "jobs",
    entry: "services/jobs/src/main.ts",
    env: {
      ALLOWED_AWS_ACCOUNTS: (useRealAws && realAccount) || LOCAL_AWS.accountId,
      // whose session the first steps log in with: `gpu-dev admin` works for them
      ...(!useRealAws && {
        ADMIN_SUBJECTS: `aws:${LOCAL_AWS.accountId}:${LOCAL_AWS.gpuRole}:alice@example.com`,
      }),
      DEFAULT_IMAGE,
      ...service("jobs", ground, [ports.JOBS_PORT, ports.JOBS_METRICS_PORT]),
      ...enforced("jobs", cluster),
      // by itself it has the processor of a run beside it
      PROCESSOR_SERVICE_URL: `http://127.0.0.1:${ports.PROCESSOR_PORT}`,
      ...(cluster && {
        LAYER_AUTH: "service-account",
        LAYER_TOKEN_FILE: cluster.tokenFiles.processor,
      }),
      AWS_REGION: (useRealAws && regionOf(shell)) || LOCAL_AWS.region,
      ...(!useRealAws && { AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.LOCAL_AWS_PORT}` }),
    },
    secrets: databaseSecrets(ground),
    ports: ["JOBS_PORT", "JOBS_METRICS_PORT"],
    // whoever asks what is free is told of nodes that have been seen
    after: ["local-aws", "processor"],
    readyUrl: `http://127.0.0.1:${ports.JOBS_PORT}/readyz`,
  };
}

function gateway(ground: Ground, { only, layerAuth }: StartOptions): ProcessSpec {
  const { ports, cluster } = ground;
  const aux = { AUX_SERVICE_URL: `http://127.0.0.1:${ports.AUX_PORT}` };
  const jobs = { JOBS_SERVICE_URL: `http://127.0.0.1:${ports.JOBS_PORT}` };
  return {
    name: "gateway",
    entry: "services/gateway/src/main.ts",
    env: {
      // the shell may have less
      ...(layerAuth === "sigv4" && {
        USE_API_GATEWAY_PERCENTAGE: "100",
        // on a laptop the longer way is many times as long
        ROLLOUT_ALLOWED_EXTRA_MS: "200",
      }),
      // by itself it stands in front of what runs elsewhere, which may be anywhere
      ...(only === "gateway" && { ...aux, ...jobs }),
      ...service("gateway", ground, [ports.GATEWAY_PORT, ports.GATEWAY_METRICS_PORT]),
      ...(cluster && {
        LAYER_AUTH: "service-account",
        LAYER_TOKEN_FILE: cluster.tokenFiles.aux,
        JOBS_LAYER_TOKEN_FILE: cluster.tokenFiles.jobs,
      }),
      ...(layerAuth === "sigv4" && signed(ports, cluster)),
      ...(only !== "gateway" && aux),
      ...(only === "all" && jobs),
    },
    ports: ["GATEWAY_PORT", "GATEWAY_METRICS_PORT"],
    after: ["local-aws"],
    readyUrl: `http://127.0.0.1:${ports.GATEWAY_PORT}/readyz`,
  };
}

/** By the execution API instead, under a role that may do nothing else. */
function signed(ports: Ports, cluster: LocalCluster | undefined): Record<string, string> {
  return {
    LAYER_AUTH: "sigv4",
    EXECUTION_API_URL: executionApiUrl(ports),
    EXECUTION_API_REGION: LOCAL_AWS.region,
    AWS_REGION: LOCAL_AWS.region,
    AWS_ROLE_ARN: LOCAL_AWS.gatewayRoleArn,
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${ports.LOCAL_AWS_PORT}`,
    ...(cluster && { AWS_WEB_IDENTITY_TOKEN_FILE: cluster.webIdentityTokenFile }),
  };
}

/** With a cluster to issue tokens, a service answers only the identity of the one before it. */
function enforced(audience: Audience, cluster: LocalCluster | undefined): Record<string, string> {
  if (!cluster) return {};
  return {
    LAYER_AUTH_MODE: "enforce",
    ...cluster.issuerSettings,
    LAYER_AUTH_AUDIENCE: audience,
    LAYER_AUTH_SUBJECTS: cluster.subjects[audience],
  };
}
