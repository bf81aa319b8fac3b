/** The database of a local run: a Postgres of its own, brought to the schema of this checkout. */
import { loadSettings } from "@airlock/config";
import { connectTarget, queuesOf, type StoreLog, storeSettings } from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import { type LocalPostgres, postgresFolder, startPostgres } from "@airlock/local-postgres";
import * as z from "zod";
import { handedOn } from "./shell-settings.ts";

export interface LocalDatabase {
  /** With the password in it. */
  readonly url: string;
  /** Resolves when the server has ended without being asked to. */
  readonly failed: Promise<void>;
  /**
   * Brings it to the schema of this checkout as it is now.
   *
   * @throws Error with Postgres' own words.
   */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

export interface LocalDatabaseOptions {
  /** Where everything of the run is kept; nobody else has its part of jobs. */
  readonly folder: string;
  readonly port: number;
  /** Start from nothing. */
  readonly reset: boolean;
  /** Where queues have other names, as jobs is told. */
  readonly shell: NodeJS.ProcessEnv;
}

/** @throws Error that says why there is none: Postgres does not start, or a migration failed. */
export async function openDatabase(options: LocalDatabaseOptions): Promise<LocalDatabase> {
  const { port, reset, shell } = options;
  const folder = await postgresFolder(options.folder);
  const server = await startPostgres({ folder, port, reset }).catch((error: Error) => {
    throw new Error(`No Postgres for jobs: ${error.message}`);
  });
  const bringUp = () => bringUpToDate(server, shell);
  await bringUp().catch(async (error) => {
    await server.stop();
    throw error;
  });
  const { url, failed } = server;
  return { url, failed, migrate: bringUp, close: () => server.stop() };
}

const quiet: StoreLog = { info() {}, warn() {}, error() {} };

async function bringUpToDate({ url }: LocalPostgres, shell: NodeJS.ProcessEnv): Promise<void> {
  const settings = loadSettings(z.object(storeSettings), handedOn(shell, "jobs"));
  const options = { ...connectTarget(url), queues: queuesOf(settings), log: quiet };
  await migrate(options).catch((error) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The database cannot be migrated: ${words}\nTo begin with nothing in it: pnpm start --reset`,
    );
  });
}
