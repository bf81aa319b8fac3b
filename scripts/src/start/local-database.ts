/** The database of a local run: a Postgres of its own, brought to the schema of this checkout. */
import { join } from "node:path";
import { connectTarget, queuesOf, type StoreLog, storeSettings } from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import { type LocalPostgres, startPostgres } from "@airlock/local-postgres";
import * as z from "zod";

export interface LocalDatabase {
  /** With the password in it. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Resolves when the server has ended without being asked to. */
  readonly failed: Promise<void>;
  close(): Promise<void>;
}

export interface LocalDatabaseOptions {
  /** Where its files are kept; undefined leaves that to packages/local-postgres. */
  readonly dataFolder: string | undefined;
  /** Start from nothing. */
  readonly reset: boolean;
}

/** @throws Error that says why there is none: another run has it, or a migration failed. */
export async function openDatabase(options: LocalDatabaseOptions): Promise<LocalDatabase> {
  const { dataFolder, reset } = options;
  const folder = dataFolder && join(dataFolder, "postgres");
  const server = await startPostgres({ reset, ...(folder && { folder }) }).catch((error) => {
    throw new Error(
      `No Postgres for jobs: ${error.message} (DATA_FOLDER=…), or leave jobs out: pnpm start --only=pair`,
    );
  });
  try {
    await bringUpToDate(server);
  } catch (error) {
    await server.stop();
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The database cannot be migrated: ${words}\nBegin anew with: pnpm start --reset`,
    );
  }
  const { url, port, failed } = server;
  return { url, port, folder: server.folder, failed, close: () => server.stop() };
}

const quiet: StoreLog = { info() {}, warn() {}, error() {} };

async function bringUpToDate({ url }: LocalPostgres): Promise<void> {
  const defaults = z.object(storeSettings).parse({});
  await migrate({ ...connectTarget(url), queues: queuesOf(defaults), log: quiet });
}
