/** Puts PGMQ into a database: as an extension where the server has it, else by its own SQL. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseTarGzip } from "nanotar";
import type pg from "pg";

export interface InstalledPgmq {
  readonly version: string;
  /** sql: PGMQ's file was run as it is, which it allows for (github.com/pgmq/pgmq, INSTALLATION.md). */
  readonly origin: "extension" | "sql";
}

/** Under the PostgreSQL licence; the npm package around it is made for another Postgres. */
const SQL_VERSION = "1.11.1";
const SQL_FILE = `share/postgresql/extension/pgmq--${SQL_VERSION}.sql`;

const INSTALLED = "SELECT extversion AS version FROM pg_extension WHERE extname = 'pgmq'";
const AVAILABLE = "SELECT FROM pg_available_extensions WHERE name = 'pgmq'";
const HAS_TABLES = "SELECT to_regclass('pgmq.meta') IS NOT NULL AS found";
const RECORD = `
INSERT INTO installed_components (name, version, origin) VALUES ('pgmq', $1, $2)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, origin = excluded.origin,
  installed_at = now()
WHERE installed_components.version <> excluded.version`;

/**
 * Does nothing where PGMQ is. Run it under the lock of the migrations and outside of a transaction.
 *
 * @returns undefined when PGMQ was there without our record of it and is no extension.
 */
export async function installPgmq(client: pg.ClientBase): Promise<InstalledPgmq | undefined> {
  const before = await findExtension(client);
  if (before) return await record(client, before);
  const { rows } = await client.query<{ found: boolean }>(HAS_TABLES);
  if (rows[0]?.found) return undefined;
  if ((await client.query(AVAILABLE)).rowCount) {
    await client.query("CREATE EXTENSION pgmq");
    const made = await findExtension(client);
    if (!made) throw new Error("CREATE EXTENSION pgmq left no extension behind");
    return await record(client, made);
  }
  // one message of several statements is one transaction
  await client.query(await readSql());
  return await record(client, { version: SQL_VERSION, origin: "sql" });
}

async function findExtension(client: pg.ClientBase): Promise<InstalledPgmq | undefined> {
  const { rows } = await client.query<{ version: string }>(INSTALLED);
  return rows[0] && { version: rows[0].version, origin: "extension" };
}

async function record(client: pg.ClientBase, pgmq: InstalledPgmq): Promise<InstalledPgmq> {
  await client.query(RECORD, [pgmq.version, pgmq.origin]);
  return pgmq;
}

async function readSql(): Promise<string> {
  const module = import.meta.resolve("@electric-sql/pglite-pgmq");
  const archive = await readFile(fileURLToPath(new URL("pgmq.tar.gz", module)));
  const files = await parseTarGzip(archive);
  const sql = files.find((file) => file.name === SQL_FILE)?.text;
  if (!sql) throw new Error(`${SQL_FILE} is not in the package`);
  return sql;
}
