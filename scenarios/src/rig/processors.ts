/** Processors as real processes, on a real Postgres and on a cluster; and a hand that sends jobs and orders as the API does. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectTarget,
  createSealer,
  createStore,
  insertJob,
  type JobOrder,
  type Store,
  sendOrder,
  upsertUser,
} from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import { startTestCluster, type TestCluster } from "@airlock/local-postgres";
import type { Stage } from "../scenario.ts";
import type { JobsCluster } from "./jobs-cluster.ts";
import { type ServiceProcess, startProcess } from "./service-process.ts";

export const QUEUE = "gpu_reservations";
const SILENT = { info() {}, warn() {}, error() {} };

export interface JobWish {
  readonly jobId: string;
  readonly command: string;
  readonly gpus: number;
  readonly image?: string;
  readonly disk?: { readonly diskId: string; readonly diskName: string };
  readonly variables?: Readonly<Record<string, string>>;
}

export interface OrderWish {
  readonly orderId: string;
  readonly jobId: string;
  readonly action: "cancel" | "extend";
}

/** Hours that an extension adds. */
const EXTENSION_HOURS = 2;

export interface ProcessorsRig {
  readonly postgres: TestCluster;
  /** Connections of the scenario's own. */
  readonly store: Store;
  /** Whose the jobs are. */
  readonly userId: number;
  startOne(readyPath?: string): Promise<ServiceProcess>;
  /** Accepts a job as the API does. */
  submit(wish: JobWish): Promise<void>;
  order(wish: OrderWish): Promise<void>;
}

export async function startProcessors(
  stage: Stage,
  cluster: JobsCluster,
  leaseSeconds: number,
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
  const [keysFile, key] = [join(folder, "keys"), randomBytes(32)];
  await writeFile(keysFile, `k1:${key.toString("base64")}\n`);
  const sealer = createSealer([{ id: "k1", key }]);
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
    LOG_LEVEL: "WARN",
    DRAIN_DELAY_SECONDS: "0",
    DATABASE_URL: databaseUrl,
    ENV_VARS_KEYS_FILE: keysFile,
    KUBECONFIG: cluster.kubeconfig,
    JOBS_NAMESPACE: cluster.namespace,
    LEASE_SECONDS: String(leaseSeconds),
    POLL_INTERVAL_MS: "200",
  };
  const sealed = (reservationId: string, variables: JobWish["variables"]) =>
    variables
      ? sealer.seal({ reservationId, column: "env_vars" }, JSON.stringify(variables))
      : null;
  return {
    postgres,
    store,
    userId,
    startOne: (readyPath = "/readyz") => startProcess(stage, "processor", env, readyPath),
    submit: ({ jobId, command, gpus, variables, disk, image = "registry.example.com/image:1" }) =>
      store.transaction(async (transaction) => {
        await insertJob(transaction, {
          reservationId: jobId,
          userId,
          name: null,
          image,
          command,
          gpuType: cluster.gpuType,
          gpuCount: gpus,
          instanceType: "p5.48xlarge",
          durationHours: 1,
          diskName: disk?.diskName ?? null,
          diskSizeGb: null,
          diskId: disk?.diskId ?? null,
          githubUser: "",
          sshPublicKeys: [],
          jupyterEnabled: false,
          envVarsSealed: sealed(jobId, variables),
          wantedFingerprint: "k1:0",
          podName: podNameOf(jobId),
        });
        const order = { v: 1, action: "create", order_id: randomUUID(), job_id: jobId } as const;
        await sendOrder(transaction, { queue: QUEUE, order: { ...order, arguments: {} } });
      }),
    order: ({ orderId, jobId, action }) =>
      store.transaction(async (transaction) => {
        const common = { v: 1, order_id: orderId, job_id: jobId } as const;
        const order: JobOrder =
          action === "cancel"
            ? { ...common, action, arguments: {} }
            : { ...common, action, arguments: { extension_hours: EXTENSION_HOURS } };
        await sendOrder(transaction, { queue: QUEUE, order });
      }),
  };
}

export const podNameOf = (jobId: string): string => `gpu-dev-${jobId}`;
