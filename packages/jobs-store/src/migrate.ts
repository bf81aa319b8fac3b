/** Brings a database to the schema of this version: tables, PGMQ, queues. Forward only. */
import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";
import pg from "pg";
import type { StoreLog } from "./log.ts";
import { installPgmq } from "./pgmq.ts";
import { type ConnectTarget, clientConfig } from "./target.ts";

export interface MigrateOptions extends ConnectTarget {
  /** Queues that must exist afterwards. */
  readonly queues: readonly string[];
  readonly log: StoreLog;
  /** Of the SQL files; those of this package unless a test has others. */
  readonly folder?: string | undefined;
}

const FOLDER = fileURLToPath(new URL("../migrations", import.meta.url));
/** Everything but `001_name.sql`. */
const NOT_A_MIGRATION = "(?!\\d{3}_[a-z0-9_]+\\.sql$).*";
/** Any number that nobody else locks in this database. */
const LOCK = 7_115_331;
/** Behind a longer transaction an ALTER TABLE would hold up every query that comes after it. */
const LOCK_TIMEOUT_MS = 5000;

/**
 * Safe to run while another process does the same, which then finds nothing left to do, and while
 * the service of the version before is at work (migrations/README.md).
 *
 * @returns the names of the migrations that were run.
 * @throws Error of Postgres; the migrations before the failing one stay.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({ ...clientConfig(options), application_name: "airlock-migrate" });
  // a connection that is lost makes the statement fail as well
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const names = await runMigrations(client, options.folder ?? FOLDER, options.log);
    await addPgmq(client, options.log);
    // a queue that exists stays as it is
    for (const queue of options.queues) {
      await client.query("SELECT pgmq.create($1::text)", [queue]);
    }
    return names;
  } finally {
    // the lock ends with its session
    await client.end();
  }
}

async function runMigrations(client: pg.Client, folder: string, log: StoreLog): Promise<string[]> {
  const done = await runner({
    dbClient: client,
    dir: folder,
    ignorePattern: NOT_A_MIGRATION,
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
