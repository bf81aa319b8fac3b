/** jobs as a process of its own, on a real Postgres that keeps what it commits. */
import { randomBytes } from "node:crypto";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ConnectTarget,
  connectTarget,
  createStore,
  type Store,
  type StoreOptions,
} from "../../../packages/jobs-store/src/index.ts";
import { migrate } from "../../../packages/jobs-store/src/migrate.ts";
import { releasedMigrate } from "../../../packages/jobs-store/test/released.ts";
import { LOCAL_AWS } from "../../../packages/local-aws/src/known-identities.ts";
import { startLocalAws } from "../../../packages/local-aws/src/local-aws.ts";
import { startTestCluster } from "../../../packages/local-postgres/src/index.ts";
import { startChild } from "../child.ts";
import { untilOk } from "../layer/until-ok.ts";
import { freePort } from "../proxies/free-port.ts";
import { REPOSITORY } from "../repository.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { fillDatabase } from "./filled-database.ts";
import { type JsonClient, jsonClient } from "./json-client.ts";

export interface Rig {
  readonly url: string;
  readonly client: JsonClient;
  /** The benchmark's own connections, for the bare statements. */
  readonly store: Store;
  /** For more of them. */
  readonly storeOptions: StoreOptions;
  /** A database of the first release, on the same server, with as much in it. */
  readonly released: ConnectTarget;
  stop(): Promise<void>;
}

export const QUEUE = "gpu_reservations";
const QUEUES = [QUEUE, "disk_operations"];
const silent = { info() {}, warn() {}, error() {} };

export async function startRig(): Promise<Rig> {
  const directory = temporaryDirectory();
  const [aws, postgres] = await Promise.all([
    startLocalAws(),
    startTestCluster({
      durable: true,
      prepare: async (url) => {
        await migrate({ ...connectTarget(url), queues: QUEUES, log: silent });
      },
    }),
  ]);
  const databaseUrl = await postgres.createDatabase();
  const storeOptions: StoreOptions = {
    ...connectTarget(databaseUrl),
    pool: { min: 0, max: 2 },
    connectTimeoutMs: 5000,
    statementTimeoutMs: 60_000,
    lockTimeoutMs: 60_000,
    log: silent,
  };
  const store = createStore(storeOptions);
  await fillDatabase(store.pool);
  const released = connectTarget(await postgres.createEmptyDatabase());
  await releasedMigrate({ ...released, queues: QUEUES, log: silent });
  const releasedStore = createStore({ ...storeOptions, ...released });
  await fillDatabase(releasedStore.pool, { isReleased: true });
  await releasedStore.close();
  const { url, child } = await startJobs(directory, databaseUrl, aws.url);
  const client = jsonClient(url);
  return {
    url,
    client,
    store,
    storeOptions,
    released,
    async stop() {
      client.close();
      await child.stop();
      await store.close();
      await Promise.all([postgres.stop(), aws.close()]);
    },
  };
}

async function startJobs(directory: string, databaseUrl: string, awsUrl: string) {
  const port = await freePort();
  const keysFile = join(directory, "keys");
  writeFileSync(keysFile, `k1:${randomBytes(32).toString("base64")}\n`);
  const child = startChild({
    name: "jobs",
    command: process.execPath,
    args: ["--conditions=airlock-source", join(REPOSITORY, "services/jobs/src/main.ts")],
    env: {
      ENVIRONMENT: "dev",
      HOST: "127.0.0.1",
      PORT: String(port),
      METRICS_PORT: String(await freePort()),
      DRAIN_DELAY_SECONDS: "0",
      DATABASE_URL: databaseUrl,
      AWS_ENDPOINT_URL: awsUrl,
      ALLOWED_AWS_ACCOUNTS: LOCAL_AWS.accountId,
      ENV_VARS_KEYS_FILE: keysFile,
    },
    core: undefined,
    stdout: openSync(join(directory, "jobs.log"), "a"),
  });
  const url = `http://127.0.0.1:${port}`;
  await untilOk(`${url}/readyz`);
  return { url, child };
}
