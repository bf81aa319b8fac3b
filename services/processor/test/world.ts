/** A Postgres with the schema, a user, and a hand that submits jobs as the API does. */
import { randomBytes, randomUUID } from "node:crypto";
import {
  claimDisk,
  connectTarget,
  createSealer,
  createStore,
  findJob,
  insertDisk,
  insertDiskOperation,
  insertJob,
  type JobEventRow,
  type JobOrder,
  type JobRow,
  listJobEvents,
  type Queryable,
  readViews,
  type Sealer,
  type Store,
  sendOrder,
  typeAvailabilityOf,
  upsertUser,
} from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import { startTestCluster, type TestCluster } from "@airlock/local-postgres";
import type { Cluster } from "../src/cluster/index.ts";
import { DISK_RULES } from "../src/disks/disk-rules.ts";
import type { Log } from "../src/log.ts";
import { type Processor, type ProcessorOptions, startProcessor } from "../src/processor.ts";
import { LIMITS } from "../src/reconcile/job-view.ts";
import type { Access } from "../src/reconciler/make-pod.ts";

export const QUEUE = "gpu_reservations";
export const DISK_QUEUE = "disk_operations";
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** @param log hears what the server writes. */
export async function startPostgres(log?: (line: string) => void): Promise<TestCluster> {
  const postgres = await startTestCluster({
    template: "migrated",
    ...(log && { log }),
    prepare: async (url) =>
      void (await migrate({
        ...connectTarget(url),
        queues: [QUEUE, DISK_QUEUE],
        log: silent,
      })),
  });
  return postgres;
}

export interface Submission {
  readonly name?: string;
  readonly image?: string;
  readonly command?: string | null;
  readonly gpus?: number;
  readonly gpuType?: string;
  readonly hours?: number;
  readonly variables?: Record<string, string>;
  readonly sshPublicKeys?: readonly string[];
  readonly githubUser?: string;
  readonly keep?: boolean;
  readonly jupyterEnabled?: boolean;
  /** By its name: the one that there is, or a new one. */
  readonly disk?: string;
  /** What is sealed in their place. */
  readonly sealedText?: string;
}

export interface World {
  readonly databaseUrl: string;
  readonly store: Store;
  readonly userId: number;
  readonly sealer: Sealer;
  submit(submission?: Submission): Promise<string>;
  /** As the API does: the row, its operation and its order. */
  createDisk(): Promise<{ readonly diskName: string; readonly operationId: string }>;
  order(jobId: string, action: JobOrder["action"], args?: object): Promise<void>;
  job(jobId: string): Promise<JobRow & { cleaned_at: Date | null }>;
  events(jobId: string): Promise<JobEventRow[]>;
  /** Resolves when it is so. */
  until(jobId: string, status: JobRow["status"]): Promise<JobRow>;
  /** Resolves when its owner is told so. */
  untilTold(jobId: string, detail: string): Promise<JobRow>;
}

const LIMIT_MS = 20_000;

const storeAt = (url: string): Store =>
  createStore({
    ...connectTarget(url),
    pool: { min: 0, max: 8 },
    connectTimeoutMs: 5000,
    statementTimeoutMs: 5000,
    log: silent,
  });

/** The same world with a login that may do what the role of processors may. Its store is closed by whoever asked. */
export async function withProcessorsRights(world: World): Promise<World> {
  const { pool } = world.store;
  const username = `processor_${process.pid}`;
  await pool.query(`CREATE ROLE ${username} LOGIN PASSWORD 'example' IN ROLE airlock_processor`);
  const url = Object.assign(new URL(world.databaseUrl), {
    username,
    password: "example",
  });
  return { ...world, store: storeAt(url.href) };
}

export async function openWorld(postgres: TestCluster): Promise<World> {
  const databaseUrl = await postgres.createDatabase();
  const store = storeAt(databaseUrl);
  const sealer = createSealer([{ id: "k1", key: randomBytes(32) }]);
  const user = await upsertUser(store.pool, {
    account: "111122223333",
    role: "SSOCloudDevGpuReservation",
    sessionName: "alice",
    username: "alice",
  });
  const userId = user.user_id;
  let made = 0;
  const job: World["job"] = async (reservationId) => {
    const row = await findJob(store.pool, { userId, reservationId });
    if (!row) throw new Error(`no job ${reservationId}`);
    const sql = "SELECT cleaned_at FROM reservations WHERE reservation_id = $1";
    const { rows } = await store.pool.query<{ cleaned_at: Date | null }>(sql, [reservationId]);
    return { ...row, cleaned_at: rows[0]?.cleaned_at ?? null };
  };
  const untilRow = async (jobId: string, isSo: (row: JobRow) => boolean): Promise<JobRow> => {
    const end = performance.now() + LIMIT_MS;
    for (;;) {
      const row = await job(jobId);
      if (isSo(row)) return row;
      if (performance.now() > end)
        throw new Error(`${jobId} is ${row.status}: ${JSON.stringify(row)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const send = (order: object) =>
    store.transaction((transaction) =>
      sendOrder(transaction, {
        queue: QUEUE,
        order: { v: 1, order_id: randomUUID(), ...order } as JobOrder,
      }),
    );
  return {
    databaseUrl,
    store,
    userId,
    sealer,
    job,
    events: (reservationId) => listJobEvents(store.pool, { reservationId }),
    async submit({
      name = "demo",
      image = "stay",
      command = null,
      gpus = 1,
      gpuType = "h100",
      hours = 4,
      variables,
      sshPublicKeys = [],
      githubUser = "",
      keep,
      jupyterEnabled = false,
      disk: diskName,
      sealedText = JSON.stringify(variables),
    } = {}) {
      const reservationId = `job-${String(++made).padStart(6, "0")}-x`;
      await store.transaction(async (transaction) => {
        const disk = diskName && (await claimDisk(transaction, { userId, diskName, sizeGb: 50 }));
        await insertJob(transaction, {
          reservationId,
          userId,
          name,
          image,
          command,
          gpuType,
          gpuCount: gpus,
          instanceType: "p5.48xlarge",
          durationHours: hours,
          diskName: diskName ?? null,
          diskSizeGb: null,
          diskId: disk ? disk.disk_id : null,
          githubUser,
          sshPublicKeys,
          keep,
          jupyterEnabled,
          envVarsSealed: variables
            ? sealer.seal({ reservationId, column: "env_vars" }, sealedText)
            : null,
          wantedFingerprint: "k1:0",
          podName: `gpu-dev-${reservationId}`,
        });
        const order = {
          v: 1,
          action: "create",
          order_id: randomUUID(),
          job_id: reservationId,
        } as const;
        await sendOrder(transaction, { queue: QUEUE, order: { ...order, arguments: {} } });
      });
      return reservationId;
    },
    createDisk() {
      const diskName = `disk-${++made}`;
      return store.transaction(async (transaction) => {
        const operationId = randomUUID();
        const diskId = await insertDisk(transaction, { userId, diskName, sizeGb: 20 });
        await insertDiskOperation(transaction, { operationId, diskId, action: "create" });
        const order = { v: 1, action: "create_disk", order_id: operationId } as const;
        await sendOrder(transaction, {
          queue: DISK_QUEUE,
          order: { ...order, disk_id: diskId, arguments: {} },
        });
        return { diskName, operationId };
      });
    },
    async order(jobId, action, args = {}) {
      await send({ action, job_id: jobId, arguments: args });
    },
    until: (jobId, status) => untilRow(jobId, (row) => row.status === status),
    untilTold: (jobId, detail) => untilRow(jobId, (row) => row.current_detailed_status === detail),
  };
}

export const rules = {
  security: "restricted",
  maxLifeSeconds: 300_000,
  labels: {},
  schedulingGates: [],
  nodeLostSeconds: 300,
  toolsImage: undefined,
} as const;

export const access: Access = { hasNodePorts: true, sshUser: "dev", userKeys: undefined };

/** A processor of its own that works until the test is over. */
export function work(
  { store, sealer }: World,
  cluster: Cluster,
  more: Partial<ProcessorOptions> = {},
): Processor {
  return startProcessor({
    order: FIFO,
    store,
    cluster,
    sealer,
    queue: QUEUE,
    diskQueue: DISK_QUEUE,
    diskRules: DISK_RULES,
    leaseSeconds: 5,
    maxHours: 72,
    keepOrdersDays: 7,
    atOnce: 8,
    pollMs: 20,
    limits: LIMITS,
    rules,
    access,
    log: silent,
    ...more,
  });
}

export const FIFO = { order: "fifo", maxWaitHours: 24 } as const;

export const readAvailability = async (db: Queryable) =>
  (await readViews(db, FIFO)).map(typeAvailabilityOf);
