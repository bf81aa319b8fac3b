/** A throw-away server for one test file, whose databases are clones of one prepared template. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import type { StopMode } from "./server-process.ts";
import { type LocalPostgres, startIn } from "./start-postgres.ts";

export interface TestClusterOptions {
  /** Fills the template: migrations, fixtures. Must leave no connection open. */
  readonly prepare?: (url: string) => Promise<void>;
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
  restart(mode: StopMode): Promise<void>;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

const TEMPLATE = "prepared";
/** Names the folder of another Postgres that tests run on. */
const PROGRAMS = "AIRLOCK_TEST_POSTGRES";

/** Ends with the process even when nobody calls `stop`. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
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
    await create(server.url, TEMPLATE, "template0");
    await prepare?.(databaseUrl(server.url, TEMPLATE));
  } catch (error) {
    await stop();
    throw error;
  }
  let made = 0;
  const clone = async (template: string): Promise<string> => {
    const name = `test_${++made}`;
    await create(server.url, name, template);
    return databaseUrl(server.url, name);
  };
  return {
    port: server.port,
    createDatabase: () => clone(TEMPLATE),
    createEmptyDatabase: () => clone("template0"),
    restart: (mode) => server.restart(mode),
    stop,
  };
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function create(url: string, name: string, template: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  } finally {
    await client.end();
  }
}
