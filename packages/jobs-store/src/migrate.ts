/** Brings a database to the schema of this version: tables, PGMQ, queues. Forward only. */
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";
import pg from "pg";
import type { GpuType } from "./gpu-types-file.ts";
import type { StoreLog } from "./log.ts";
import { demandMigratable } from "./migratable.ts";
import { lockMigrations } from "./migration-lock.ts";
import { installPgmq } from "./pgmq.ts";
import type { Queryable } from "./queryable.ts";
import { grantRoles } from "./roles.ts";
import { applyGpuTypes } from "./statements/gpu-types/apply-gpu-types.ts";
import { queueExists } from "./statements/queue/queue-exists.ts";
import { isSchemaReady } from "./statements/schema/is-schema-ready.ts";
import { toStoreError } from "./store-error.ts";
import { type ConnectTarget, clientConfig } from "./target.ts";

export interface MigrateOptions extends ConnectTarget {
  /** Queues that must exist afterwards. */
  readonly queues: readonly string[];
  /** For the connection to be made. */
  readonly connectTimeoutMs?: number | undefined;
  /** Those that are offered from now on; undefined leaves them as they are. */
  readonly gpuTypes?: readonly GpuType[] | undefined;
  readonly log: StoreLog;
  /** Of the SQL files; those of this package unless a test has others. */
  readonly folder?: string | undefined;
  /** For another process that migrates. Default ten minutes. */
  readonly lockLimitMs?: number | undefined;
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined;
}

const FOLDER = fileURLToPath(new URL("../migrations", import.meta.url));
const MIGRATION = "\\d{3}_[a-z0-9_]+\\.sql$";
/** Behind a longer transaction an ALTER TABLE would hold up every query that comes after it. */
const LOCK_TIMEOUT_MS = 5000;

/**
 * Safe to run while others do the same, one after the other, and while the service of the version
 * before is at work (migrations/README.md).
 *
 * @returns the names of the migrations that were run.
 * @throws Error of Postgres; the migrations before the failing one stay.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { queues, connectTimeoutMs, log, folder = FOLDER } = options;
  const client = new pg.Client({
    ...clientConfig(options),
    application_name: "airlock-migrate",
    ...(connectTimeoutMs !== undefined && { connectionTimeoutMillis: connectTimeoutMs }),
  });
  // a connection that is lost makes the statement fail as well
  client.on("error", () => {});
  try {
    await client.connect();
    const db = queryableOf(client);
    await demandMigratable(client, db);
    const isOurTurn = await lockMigrations(db, {
      log,
      isUpToDate: () => isUpToDate(db, folder, queues),
      limitMs: options.lockLimitMs,
      pause: options.pause,
    });
    if (!isOurTurn) {
      log.info({}, "another process migrates; what this version needs is there");
      return [];
    }
    await db.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const names = await runMigrations(client, folder, log);
    await addPgmq(client, log);
    for (const queue of queues) await addQueue(db, queue);
    if (options.gpuTypes) await applyGpuTypes(db, options.gpuTypes);
    // of this schema, and of no other
    if (folder === FOLDER) await grantRoles(db, queues, log);
    return names;
  } finally {
    // the lock ends with its session
    await client.end();
  }
}

const queryableOf = (client: pg.Client): Queryable => ({
  query: async <Row extends object>(text: string, values?: readonly unknown[]) => {
    try {
      return await client.query<Row & pg.QueryResultRow>(text, values && [...values]);
    } catch (error) {
      throw toStoreError(error);
    }
  },
});

async function isUpToDate(
  db: Queryable,
  folder: string,
  queues: readonly string[],
): Promise<boolean> {
  const files = (await readdir(folder)).filter((name) => new RegExp(`^${MIGRATION}`).test(name));
  const newest = files
    .sort()
    .at(-1)
    ?.replace(/\.sql$/, "");
  if (!(await isSchemaReady(db, newest))) return false;
  for (const queue of queues) if (!(await queueExists(db, queue))) return false;
  return true;
}

/** Asked for a queue that is there, PGMQ would lock it against all who send. */
async function addQueue(db: Queryable, queue: string): Promise<void> {
  if (!(await queueExists(db, queue))) await db.query("SELECT pgmq.create($1::text)", [queue]);
}

async function runMigrations(client: pg.Client, folder: string, log: StoreLog): Promise<string[]> {
  const done = await runner({
    dbClient: client,
    dir: folder,
    ignorePattern: `(?!${MIGRATION}).*`,
    direction: "up",
    migrationsTable: "schema_migrations",
    noLock: true,
    logger: {
      info: () => {},
      warn: (words) => log.warn({}, String(words)),
      error: (words) => log.error({}, String(words)),
    },
  });
  const names = done.map(({ name }) => name);
  log.info({ migrations: names }, names.length > 0 ? "schema migrated" : "schema is up to date");
  return names;
}

async function addPgmq(client: pg.Client, log: StoreLog): Promise<void> {
  const pgmq = await installPgmq(client);
  if (pgmq) log.info({ pgmq }, "PGMQ is installed");
}
