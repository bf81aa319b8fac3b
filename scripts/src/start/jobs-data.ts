/** What jobs keeps from one start to the next: its database, and the key to what is encrypted in it. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { DataFolder } from "./data-folder.ts";
import { type LocalDatabase, openDatabase } from "./local-database.ts";
import type { Ports } from "./ports.ts";
import type { Processes } from "./processes.ts";
import { keepSealingKeys, SEALING_KEYS_NAME } from "./sealing-keys-file.ts";

export interface JobsDataOptions {
  /** Whose part of jobs is the run's. */
  readonly folder: DataFolder;
  readonly ports: Ports;
  readonly shell: NodeJS.ProcessEnv;
  /** Begin with nothing. */
  readonly reset: boolean;
  /** Closes it after the processes that use it, and ends with it. */
  readonly processes: Processes;
}

export interface JobsData extends LocalDatabase {
  readonly keysFile: string;
  /** With the address of the database in it, for psql. */
  readonly urlFile: string;
}

const URL_NAME = "database-url";

/**
 * What the run has that has jobs.
 *
 * @param place may be relative.
 * @throws Error that says how to get it.
 */
export async function findJobsData(place: string): Promise<Pick<JobsData, "url" | "keysFile">> {
  const folder = resolve(place);
  const url = await readFile(join(folder, URL_NAME), "utf8").catch(() => {
    throw new Error(
      "The processor needs the database of jobs: start that first, with pnpm dev:jobs.",
    );
  });
  return { url, keysFile: join(folder, SEALING_KEYS_NAME) };
}

export async function openJobsData(options: JobsDataOptions): Promise<JobsData> {
  const { folder, ports, shell, reset, processes } = options;
  const port = ports.DATABASE_PORT;
  const opening = openDatabase({ folder: folder.path, port, reset, shell });
  const database = await processes.open(opening);
  void database.failed.then(() => processes.fail("Postgres has ended; stopping the rest."));
  const keysFile = await keepSealingKeys(folder, reset);
  return { ...database, keysFile, urlFile: await folder.write(URL_NAME, database.url) };
}
