/** Replicas of jobs as real processes on one real Postgres, with the AWS stand-in as STS. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectTarget, createStore, type Queryable } from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import { LOCAL_AWS } from "@airlock/local-aws";
import { startTestCluster, type TestCluster } from "@airlock/local-postgres";
import type { Stage } from "../scenario.ts";
import { AwsControl } from "./aws-control.ts";
import { Balancer } from "./balancer.ts";
import type { JobsCluster } from "./jobs-cluster.ts";
import { type ServiceProcess, startProcess } from "./service-process.ts";

export interface JobsOptions {
  /** Default 2. */
  readonly replicas?: number;
  readonly jobsEnv?: Readonly<Record<string, string>>;
  readonly gatewayEnv?: Readonly<Record<string, string>>;
  /** A processor runs jobs on it. */
  readonly cluster?: JobsCluster;
  readonly processorEnv?: Readonly<Record<string, string>>;
  /** The gateway asks the first replica itself, not the balancer. */
  readonly isDirect?: boolean;
  /** The log of Postgres, line by line. */
  readonly onDatabaseLog?: (line: string) => void;
}

export interface JobsRig {
  /** Where clients go: the gateway. */
  readonly url: string;
  /** The balancer before the replicas, past the gateway. */
  readonly jobsUrl: string;
  /** Connections of the scenario's own, beside those of the service. */
  readonly db: Queryable;
  readonly databaseUrl: string;
  /** The file with the key that encrypts env_vars. */
  readonly keysFile: string;
  readonly postgres: TestCluster;
  readonly aws: AwsControl;
  readonly localAws: ServiceProcess;
  readonly replicas: readonly ServiceProcess[];
  readonly gateway: ServiceProcess;
  /** Where there is a cluster. */
  readonly processor: ServiceProcess | undefined;
  /** One more, and the balancer sends it traffic. */
  addGateway(env?: Readonly<Record<string, string>>): Promise<ServiceProcess>;
  /** Sends it no new connections; those that it has stay. */
  removeGateway(gateway: ServiceProcess): void;
  /** The same of jobs. */
  addReplica(): Promise<ServiceProcess>;
  removeReplica(replica: ServiceProcess): void;
}

const QUEUES = ["gpu_reservations", "disk_operations"];
const SILENT = { info() {}, warn() {}, error() {} };
/** Scenarios look at whole tables. */
const STATEMENT_TIMEOUT_MS = 120_000;

export async function startJobs(stage: Stage, options: JobsOptions = {}): Promise<JobsRig> {
  const { replicas = 2, jobsEnv = {}, gatewayEnv = {}, cluster } = options;
  const [postgres, localAws, keysFile] = await Promise.all([
    startPostgres(stage, options.onDatabaseLog),
    startProcess(stage, "local-aws", { LOG_LEVEL: "warn" }, "/_control/health"),
    writeKeysFile(stage),
  ]);
  const databaseUrl = await postgres.createDatabase();
  const common = {
    ENVIRONMENT: "dev",
    DRAIN_DELAY_SECONDS: "0",
    DATABASE_URL: databaseUrl,
    ENV_VARS_KEYS_FILE: keysFile,
  };
  const processor =
    cluster &&
    (await startProcess(
      stage,
      "processor",
      {
        ...common,
        KUBECONFIG: cluster.kubeconfig,
        JOBS_NAMESPACE: cluster.namespace,
        POLL_INTERVAL_MS: "200",
        ...options.processorEnv,
      },
      "/readyz",
    ));
  const env = {
    ...common,
    DATABASE_CONNECT_TIMEOUT_MS: "1000",
    AWS_ENDPOINT_URL: localAws.url,
    ALLOWED_AWS_ACCOUNTS: LOCAL_AWS.accountId,
    ...(processor && { PROCESSOR_SERVICE_URL: processor.url }),
    ...jobsEnv,
  };
  const [front, middle] = [await Balancer.start(stage), await Balancer.start(stage)];
  const addReplica = async () => {
    const made = await startProcess(stage, "jobs", env, "/readyz");
    middle.add(made);
    return made;
  };
  const all = await Promise.all(Array.from({ length: replicas }, addReplica));
  const behind = options.isDirect && all[0] ? all[0].url : middle.url;
  const addGateway = async (more: Readonly<Record<string, string>> = {}) => {
    const made = await startGateway(stage, { JOBS_SERVICE_URL: behind, ...gatewayEnv, ...more });
    front.add(made);
    return made;
  };
  const gateway = await addGateway();
  const db = openDatabase(stage, databaseUrl);
  return {
    url: front.url,
    jobsUrl: middle.url,
    db,
    databaseUrl,
    keysFile,
    postgres,
    aws: new AwsControl(localAws.url),
    localAws,
    replicas: all,
    gateway,
    processor,
    addGateway,
    removeGateway: (removed) => front.remove(removed),
    addReplica,
    removeReplica: (removed) => middle.remove(removed),
  };
}

/** It has no aux: nothing here asks for what aux has. */
const startGateway = (stage: Stage, env: Readonly<Record<string, string>>) =>
  startProcess(
    stage,
    "gateway",
    {
      ENVIRONMENT: "dev",
      AUX_SERVICE_URL: "http://127.0.0.1:9",
      LOGIN_RATE_PER_MINUTE: "0",
      DRAIN_DELAY_SECONDS: "0",
      ...env,
    },
    "/livez",
  );

async function startPostgres(
  stage: Stage,
  log: ((line: string) => void) | undefined,
): Promise<TestCluster> {
  const cluster = await startTestCluster({
    durable: true,
    prepare: async (url) => {
      await migrate({ ...connectTarget(url), queues: QUEUES, log: SILENT });
    },
    ...(log && { log }),
  });
  stage.defer(() => cluster.stop());
  return cluster;
}

function openDatabase(stage: Stage, databaseUrl: string): Queryable {
  const store = createStore({
    ...connectTarget(databaseUrl),
    pool: { min: 0, max: 4 },
    connectTimeoutMs: 5000,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    lockTimeoutMs: STATEMENT_TIMEOUT_MS,
    log: SILENT,
  });
  stage.defer(() => store.close());
  return store.pool;
}

async function writeKeysFile(stage: Stage): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-jobs-keys-"));
  stage.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "keys");
  await writeFile(file, `k1:${randomBytes(32).toString("base64")}\n`);
  return file;
}
