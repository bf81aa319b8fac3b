/** One Postgres for a test file, with databases that are migrated already. */
import { after } from "node:test";
import { startTestCluster, type TestCluster } from "@airlock/local-postgres";
import type { GpuType, InsertJobArgs, Queryable } from "../src/index.ts";
import {
  connectTarget,
  createStore,
  readViews,
  type Store,
  type StoreLog,
  typeAvailabilityOf,
  upsertUser,
} from "../src/index.ts";
import { migrate } from "../src/migrate.ts";

export const QUEUES = ["gpu_reservations", "disk_operations"] as const;

export const silent: StoreLog = { info: () => {}, warn: () => {}, error: () => {} };

export const migrateUrl = (url: string, gpuTypes?: readonly GpuType[]): Promise<string[]> =>
  migrate({ ...connectTarget(url), queues: QUEUES, gpuTypes, log: silent });

export interface ClusterOptions {
  readonly durable?: boolean;
  /** Nothing was ever migrated on it. */
  readonly isBare?: boolean;
  /** Its roles are the file's own too. */
  readonly isOwn?: boolean;
}

export async function startCluster({
  isBare,
  isOwn,
  ...options
}: ClusterOptions = {}): Promise<TestCluster> {
  const prepare = async (url: string) => void (await migrateUrl(url));
  const cluster = await startTestCluster({
    ...options,
    ...(!isBare && { prepare, template: isOwn ? undefined : "migrated" }),
  });
  after(() => cluster.stop());
  return cluster;
}

/** A store that is closed before its server stops. */
export function openStore(url: string, options: { max?: number; timeoutMs?: number } = {}): Store {
  const { max = 4, timeoutMs = 5000 } = options;
  const store = createStore({
    ...connectTarget(url),
    pool: { min: 0, max },
    connectTimeoutMs: timeoutMs,
    statementTimeoutMs: timeoutMs,
    lockTimeoutMs: timeoutMs,
    log: silent,
  });
  after(() => store.close());
  return store;
}

/** @returns the user's id. */
export async function addUser(db: Queryable, sessionName = "alice"): Promise<number> {
  const user = await upsertUser(db, {
    account: "111122223333",
    role: "SSOCloudDevGpuReservation",
    sessionName,
    username: sessionName,
  });
  return user.user_id;
}

export function aJob(userId: number, reservationId: string): InsertJobArgs {
  return {
    reservationId,
    userId,
    name: "demo",
    image: "pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime",
    command: "python train.py",
    gpuType: "h100",
    gpuCount: 1,
    instanceType: "p5.48xlarge",
    durationHours: 4,
    diskName: null,
    diskSizeGb: null,
    diskId: null,
    githubUser: "",
    sshPublicKeys: [],
    jupyterEnabled: false,
    envVarsSealed: null,
    wantedFingerprint: "k1:0",
    podName: `gpu-dev-${reservationId.toLowerCase()}`,
  };
}

export const FIFO = { order: "fifo", maxWaitHours: 24 } as const;

export const readAvailability = async (db: Queryable) =>
  (await readViews(db, FIFO)).map(typeAvailabilityOf);
