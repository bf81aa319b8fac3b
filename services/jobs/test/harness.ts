/** jobs on ports of its own, with a real Postgres and a stand-in for STS. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { type Environment, loadSettings } from "@airlock/config";
import { awsCallMetrics, createLogger, createMetrics, type Metrics } from "@airlock/http";
import {
  type AwsLogin,
  createLayerGuard,
  createLayerPresenter,
  createLayerVerifier,
} from "@airlock/identity";
import {
  connectTarget,
  createStore,
  moveJob,
  openSealer,
  type Queryable,
  type Store,
  storeOptionsOf,
} from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import {
  KNOWN_SESSIONS,
  type KnownSession,
  type LocalAws,
  startLocalAws,
} from "@airlock/local-aws";
import { startTestCluster, type TestCluster } from "@airlock/local-postgres";
import type { AnswerCheck } from "../../../acceptance/answer-check.ts";
import { buildApp, type JobsDeps } from "../src/app.ts";
import { openAwsLogin } from "../src/aws-login.ts";
import { createProcessorClient } from "../src/processor-client.ts";
import { settingsSchema } from "../src/settings.ts";
import { asDocumented } from "./document.ts";

export const QUEUES = ["gpu_reservations", "disk_operations"];
const silent = { info() {}, warn() {}, error() {} };

export interface World {
  readonly cluster: TestCluster;
  readonly aws: LocalAws;
  /** A file with one key. */
  readonly keysFile: string;
  /** What is closed before the database stops. */
  readonly closers: (() => Promise<void>)[];
}

/** A Postgres and an STS for a test file; both end with it. */
export async function startWorld(options: { durable?: boolean } = {}): Promise<World> {
  const folder = mkdtempSync(path.join(tmpdir(), "airlock-jobs-"));
  const keysFile = path.join(folder, "keys");
  writeFileSync(keysFile, `k1:${randomBytes(32).toString("base64")}\n`);
  const prepare = async (url: string) => {
    await migrate({ ...connectTarget(url), queues: QUEUES, log: silent });
  };
  const [cluster, aws] = await Promise.all([
    startTestCluster({ template: "migrated", ...options, prepare }),
    startLocalAws(),
  ]);
  const closers: World["closers"] = [];
  after(async () => {
    await Promise.all(closers.map((close) => close()));
    await Promise.all([cluster.stop(), aws.close()]);
    rmSync(folder, { recursive: true, force: true });
  });
  return { cluster, aws, keysFile, closers };
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
  readonly headers: Headers;
}

export interface JobsRig {
  readonly url: string;
  /** Its own connections, beside those of the service. */
  readonly db: Queryable;
  readonly metrics: Metrics;
  /** The service's statements outside of transactions so far. */
  readonly statements: string[];
  /** Log lines so far, as they were written. */
  readonly lines: string[];
  /** Throws where the answer is not as the OpenAPI document has it. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** Logs in with credentials and returns the key. */
  login(session?: KnownSession): Promise<string>;
  /** As a process does it at the end of its drain delay. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly key?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface JobsOptions {
  readonly env?: Environment;
  /** Instead of the one of the settings. */
  readonly awsLogin?: AwsLogin;
  readonly pace?: JobsDeps["pace"];
}

/** One process's worth of jobs on a database; several of them are several replicas. */
export async function startJobs(
  world: World,
  databaseUrl: string,
  { env = {}, ...instead }: JobsOptions = {},
): Promise<JobsRig> {
  const common = {
    ENVIRONMENT: "dev",
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_MIN: "0",
    ALLOWED_AWS_ACCOUNTS: "111122223333",
    ENV_VARS_KEYS_FILE: world.keysFile,
    LOG_LEVEL: "debug",
    ...env,
  };
  const settings = loadSettings(settingsSchema, { ...endpointOf(world, common), ...common });
  // in prod its database and STS are others, and the way to them is not this machine's
  const here = { ...common, ENVIRONMENT: "dev", DATABASE_SSLMODE: undefined };
  const places = loadSettings(settingsSchema, { ...endpointOf(world, here), ...here });
  const lines: string[] = [];
  const logger = createLogger(settings, { write: (line) => void lines.push(line) });
  const metrics = createMetrics(settings);
  const storeOf = (max: number) =>
    createStore({ ...storeOptionsOf(places), pool: { min: 0, max }, log: logger });
  const statements: string[] = [];
  const store = recording(storeOf(settings.DATABASE_POOL_MAX), statements);
  const own = storeOf(1);
  const awsLogin = instead.awsLogin ?? openAwsLogin(places, awsCallMetrics(metrics));
  const verifier = createLayerVerifier(settings, { log: logger });
  const mode = settings.LAYER_AUTH_MODE;
  const layer = verifier && createLayerGuard({ mode, verifier, log: logger });
  const sealer = openSealer(settings.ENV_VARS_KEYS_FILE, logger);
  const processor = createProcessorClient({
    url: settings.PROCESSOR_SERVICE_URL,
    layer: createLayerPresenter(settings, logger),
  });
  const app = await buildApp(settings, {
    store,
    awsLogin,
    sealer,
    processor,
    layer,
    logger,
    metrics,
    ...(instead.pace && { pace: instead.pace }),
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    app.server.closeAllConnections();
    await Promise.all([app.close(), app.tunnels.drain(0)]);
    verifier?.close();
    await Promise.all([awsLogin.close(), processor.close(), store.close(), own.close()]);
  };
  world.closers.push(close);
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const ask = askAt(url, asDocumented);
  const drain = async () => {
    app.isDraining = true;
    await app.close();
  };
  return { url, db: own.pool, metrics, statements, lines, ask, login: loginAt(ask), drain, close };
}

const endpointOf = ({ aws }: World, { ENVIRONMENT }: Environment): Environment =>
  ENVIRONMENT === "dev" ? { AWS_ENDPOINT_URL: aws.url } : {};

/** The same store, whose statements are written down as well. */
const recording = (store: Store, statements: string[]): Store => ({
  ...store,
  pool: {
    query(text, values) {
      statements.push(text);
      return store.pool.query(text, values);
    },
  },
});

/** @param check what each answer is held to. */
export function askAt(url: string, check?: AnswerCheck): JobsRig["ask"] {
  return async (method, target, { key, body, headers = {} } = {}) => {
    const response = await fetch(url + target, {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    const problem = check?.(method, target, {
      status,
      headers: Object.fromEntries(answered),
      text,
    });
    if (problem !== undefined) throw new Error(`not as the document has it: ${problem}`);
    return { status, body: JSON.parse(text), headers: answered };
  };
}

export const rawLogin = (session: KnownSession) => ({
  aws_access_key_id: session.accessKeyId,
  aws_secret_access_key: session.secretAccessKey,
  aws_session_token: session.sessionToken,
});

function loginAt(ask: JobsRig["ask"]): JobsRig["login"] {
  return async (session = KNOWN_SESSIONS.gpuUser) => {
    const answer = await ask("POST", "/v1/auth/aws-login", { body: rawLogin(session) });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer.body.api_key;
  };
}

/** The submission of the seed's README. */
export const SEED_JOB = {
  image: "pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime",
  instance_type: "p5.48xlarge",
  duration_hours: 4,
  disk_name: "my-training-data",
  disk_size_gb: 500,
  env_vars: { WANDB_API_KEY: "your-wandb-key", HF_TOKEN: "your-hf-token" },
  command: "python train.py --epochs 100",
};

/** As the processor does once the pod is there. */
export async function activate(db: Queryable, reservationId: string): Promise<void> {
  const event = { kind: "moved", actor: "processor" } as const;
  await moveJob(db, { reservationId, from: ["queued"], to: "preparing", event });
  await moveJob(db, { reservationId, from: ["preparing"], to: "active", event });
}

export async function countOf(db: Queryable, table: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`SELECT count(*)::integer AS n FROM ${table}`);
  return rows[0]?.n ?? 0;
}
