/** Processors as real processes, on a real Postgres and a cluster that is played in this process. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectTarget,
  createStore,
  insertJob,
  type Store,
  sendOrder,
  upsertUser,
} from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import { type LocalKubernetes, startLocalKubernetes } from "@airlock/local-kubernetes";
import { startTestCluster, type TestCluster } from "@airlock/local-postgres";
import type { Stage } from "../scenario.ts";
import { type ServiceProcess, startProcess } from "./service-process.ts";

export const QUEUE = "gpu_reservations";
const SILENT = { info() {}, warn() {}, error() {} };
const GPUS_PER_NODE = 8;

export interface ProcessorsRig {
  readonly postgres: TestCluster;
  readonly cluster: LocalKubernetes;
  /** Connections of the scenario's own. */
  readonly store: Store;
  startOne(readyPath?: string): Promise<ServiceProcess>;
  /** Accepts a job as the API does. @returns its id. */
  submit(command: string, gpus: number): Promise<string>;
  order(jobId: string, action: "cancel"): Promise<void>;
}

export interface ProcessorsOptions {
  readonly nodes: number;
  readonly leaseSeconds: number;
}

export async function startProcessors(
  stage: Stage,
  { nodes, leaseSeconds }: ProcessorsOptions,
): Promise<ProcessorsRig> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-processors-"));
  stage.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startTestCluster({
    durable: true,
    prepare: async (url) => {
      const queues = [QUEUE, "disk_operations"];
      await migrate({ ...connectTarget(url), queues, log: SILENT });
    },
  });
  stage.defer(() => postgres.stop());
  const cluster = await startLocalKubernetes({
    namespaces: ["gpu-dev"],
    nodes: Array.from({ length: nodes }, (_, index) => ({
      name: `node-${index}`,
      labels: { GpuType: "h100" },
      allocatable: { "nvidia.com/gpu": String(GPUS_PER_NODE) },
    })),
    tokens: [randomUUID()],
    retryMs: 50,
  });
  stage.defer(() => cluster.close());
  const [kubeconfig, keysFile] = [join(folder, "kubeconfig"), join(folder, "keys")];
  await writeFile(kubeconfig, cluster.kubeconfig());
  await writeFile(keysFile, `k1:${randomBytes(32).toString("base64")}\n`);
  const databaseUrl = await postgres.createDatabase();
  const store = createStore({
    ...connectTarget(databaseUrl),
    pool: { min: 0, max: 4 },
    connectTimeoutMs: 5000,
    statementTimeoutMs: 60_000,
    log: SILENT,
  });
  stage.defer(() => store.close());
  const { user_id: userId } = await upsertUser(store.pool, {
    account: "111122223333",
    role: "SSOCloudDevGpuReservation",
    sessionName: "alice",
    username: "alice",
  });
  const env = {
    ENVIRONMENT: "dev",
    LOG_LEVEL: "ERROR",
    DRAIN_DELAY_SECONDS: "0",
    DATABASE_URL: databaseUrl,
    DATABASE_CONNECT_TIMEOUT_MS: "1000",
    ENV_VARS_KEYS_FILE: keysFile,
    KUBECONFIG: kubeconfig,
    LEASE_SECONDS: String(leaseSeconds),
    POLL_INTERVAL_MS: "200",
  };
  let made = 0;
  return {
    postgres,
    cluster,
    store,
    startOne: (readyPath = "/readyz") => startProcess(stage, "processor", env, readyPath),
    async submit(command, gpus) {
      const reservationId = `job-${String(++made).padStart(8, "0")}`;
      const order = { v: 1, action: "create", order_id: randomUUID() } as const;
      await store.transaction(async (transaction) => {
        await insertJob(transaction, {
          reservationId,
          userId,
          name: null,
          image: "registry.example.com/image:1",
          command,
          gpuType: "h100",
          gpuCount: gpus,
          instanceType: "p5.48xlarge",
          durationHours: 1,
          diskName: null,
          diskSizeGb: null,
          diskId: null,
          githubUser: "",
          sshPublicKeys: [],
          jupyterEnabled: false,
          envVarsSealed: null,
          wantedFingerprint: "k1:0",
          podName: `gpu-dev-${reservationId}`,
        });
        await sendOrder(transaction, {
          queue: QUEUE,
          order: { ...order, job_id: reservationId, arguments: {} },
        });
      });
      return reservationId;
    },
    async order(jobId, action) {
      const order = { v: 1, action, order_id: randomUUID(), job_id: jobId, arguments: {} } as const;
      await store.transaction((transaction) => sendOrder(transaction, { queue: QUEUE, order }));
    },
  };
}
