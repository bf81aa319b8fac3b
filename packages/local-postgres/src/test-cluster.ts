/** Databases for one test file, clones of a prepared template: on a throw-away server, or on the run's. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import type { StopMode } from "./server-process.ts";
import { SHARED_SERVER } from "./shared-server.ts";
import { type LocalPostgres, startIn } from "./start-postgres.ts";

export interface TestClusterOptions {
  /** Fills the template: migrations, fixtures. Must leave no connection open. */
  readonly prepare?: (url: string) => Promise<void>;
  /**
   * Names what `prepare` makes. Databases alone are needed: where test files share a server, they lie
   * there, and the first file that names the template prepares it for all.
   */
  readonly template?: string | undefined;
  /** Default false; true where a test restarts the server and counts what is left. */
  readonly durable?: boolean;
  readonly log?: (line: string) => void;
}

export interface TestCluster {
  readonly port: number;
  /** @returns the URL of a new database that equals the template. */
  createDatabase(): Promise<string>;
  /** @returns the URL of a new database with nothing in it. */
  createEmptyDatabase(): Promise<string>;
  /** @throws Error where the server is shared. */
  restart(mode: StopMode): Promise<void>;
  /** Ends the server and removes its files; of a shared one, the databases that were made. */
  stop(): Promise<void>;
}

const TEMPLATE = "prepared";
/** Names the folder of another Postgres that tests run on. */
const PROGRAMS = "AIRLOCK_TEST_POSTGRES";

/** Ends with the process even when nobody calls `stop`. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { template, durable, log } = options;
  const shared = process.env[SHARED_SERVER];
  if (shared && template && !durable && !log) return onShared(shared, template, options.prepare);
  return onOwnServer(options);
}

async function onOwnServer(options: TestClusterOptions): Promise<TestCluster> {
  const { prepare, durable = false, log } = options;
  const folder = await mkdtemp(path.join(tmpdir(), "airlock-test-postgres-"));
  let server: LocalPostgres;
  try {
    const programs = process.env[PROGRAMS];
    server = await startIn({ folder, durable, programs, ...(log && { log }) }, folder);
    server.unref();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const stop = async (): Promise<void> => {
    await server.stop("immediate");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await run(server.url, `CREATE DATABASE ${TEMPLATE} TEMPLATE template0`);
    await prepare?.(databaseUrl(server.url, TEMPLATE));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port: server.port,
    ...cloning(server.url, TEMPLATE),
    restart: (mode) => server.restart(mode),
    stop,
  };
}

async function onShared(
  url: string,
  template: string,
  prepare: TestClusterOptions["prepare"],
): Promise<TestCluster> {
  await prepareOnce(url, template, prepare);
  const { made, ...create } = cloning(url, template);
  return {
    port: Number(new URL(url).port),
    ...create,
    restart: async () => {
      throw new Error("other test files use this server: ask for one of your own");
    },
    stop: () => run(url, ...made.map((name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

/** Under another name until it is whole: files begin beside each other, and one may be ended in the middle. */
async function prepareOnce(
  url: string,
  template: string,
  prepare: TestClusterOptions["prepare"],
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock(hashtext($1))", [template]);
    const found = await client.query("SELECT FROM pg_database WHERE datname = $1", [template]);
    if (found.rowCount !== 0) return;
    const draft = `${template}_draft`;
    await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${draft} TEMPLATE template0`);
    await prepare?.(databaseUrl(url, draft));
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
  } finally {
    await client.end();
  }
}

/** Databases by names that no other file makes. */
function cloning(serverUrl: string, prepared: string) {
  const made: string[] = [];
  const clone = async (template: string): Promise<string> => {
    const name = `test_${randomBytes(6).toString("hex")}`;
    made.push(name);
    await run(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
    return databaseUrl(serverUrl, name);
  };
  return {
    made,
    createDatabase: () => clone(prepared),
    createEmptyDatabase: () => clone("template0"),
  };
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function run(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
