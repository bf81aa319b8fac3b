/** Starts a real Postgres for a laptop or a test, and stops it in the ways a test wants. */

import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { binariesIn, findBinaries } from "./binaries.ts";
import { preparePrivateFolder } from "./folders.ts";
import {
  copyInitialised,
  dataIn,
  empty,
  initialise,
  readPassword,
  SUPERUSER,
} from "./initialise.ts";
import { type RunOptions, ServerProcess, StartFailure, type StopMode } from "./server-process.ts";
import { serverUser } from "./server-user.ts";

export interface PostgresOptions {
  /** Where data is kept; postgresFolder names one. One server at a time: the caller sees to that. */
  readonly folder: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Start from nothing. Default false. */
  readonly reset?: boolean;
  /** Default true. False leaves fsync out: faster, and what was written does not survive a crash. */
  readonly durable?: boolean;
  /** Default: Postgres' own, 100. */
  readonly maxConnections?: number;
  /** The server's own log, line by line. */
  readonly log?: (line: string) => void;
  /** A folder with the programs of another Postgres than the bundled one. */
  readonly programs?: string | undefined;
}

export interface LocalPostgres {
  /** `postgresql://…/postgres`, password included; good for any database of the server. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Default fast. The folder can be used by another server afterwards. */
  stop(mode?: StopMode): Promise<void>;
  /** Stops, then starts again on the same port; resolves when connections are accepted. */
  restart(mode: StopMode): Promise<void>;
  /** Lets this process end although the server runs: the server then ends by itself. */
  unref(): void;
  /** Resolves when the server has ended without being asked to. */
  readonly failed: Promise<void>;
}

const MAINTENANCE_DATABASE = "postgres";
/** What a predecessor that is being ended needs: a checkpoint, or the deaths of its children. */
const PREDECESSOR_LIMIT_MS = 15_000;
const RETRY_MS = 50;

/** Words of a Postgres whose predecessor on the same data has not quite ended. */
const NOT_YET = /lock file "postmaster.pid"|pre-existing shared memory/;

/**
 * @throws Error that names the folder when it is not ours, or with Postgres' own words.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  return startIn(options, undefined);
}

/** @param discard the folder, when it is worth nothing once this process has ended. */
export async function startIn(
  options: PostgresOptions,
  discard: string | undefined,
): Promise<LocalPostgres> {
  const user = serverUser();
  const { folder } = options;
  const { programs } = options;
  const binaries = programs ? await binariesIn(programs) : await findBinaries(user);
  await preparePrivateFolder(folder, user);
  if (options.reset) await empty(folder);
  if (discard === undefined) await initialise(folder, binaries, user);
  else await copyInitialised(folder, binaries, user);
  const run: RunOptions = {
    postgres: binaries.postgres,
    data: dataIn(folder),
    port: options.port || (await freePort()),
    user,
    settings: {
      ...((options.durable ?? true) ? {} : NOT_DURABLE),
      ...(options.maxConnections && { max_connections: String(options.maxConnections) }),
    },
    discard,
    log: options.log ?? (() => {}),
  };
  const server = await startWhenFree(run);
  const url = `postgresql://${SUPERUSER}:${await readPassword(folder)}@127.0.0.1:${run.port}`;
  return control(run, server, { url: `${url}/${MAINTENANCE_DATABASE}`, folder });
}

const NOT_DURABLE = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } as const;

interface Place {
  readonly url: string;
  readonly folder: string;
}

function control(run: RunOptions, first: ServerProcess, place: Place): LocalPostgres {
  let server = first;
  let isUnref = false;
  let fail: () => void;
  const failed = new Promise<void>((resolve) => {
    fail = resolve;
  });
  let expected = false;
  const watch = (running: ServerProcess): void => {
    void running.ended.then(() => {
      if (!expected) fail();
    });
  };
  const end = async (mode: StopMode): Promise<void> => {
    expected = true;
    await server.stop(mode);
  };
  watch(first);
  return {
    url: place.url,
    port: run.port,
    folder: place.folder,
    failed,
    async stop(mode = "fast") {
      await end(mode);
    },
    async restart(mode) {
      await end(mode);
      server = await startWhenFree(run);
      expected = false;
      watch(server);
      if (isUnref) server.unref();
    },
    unref() {
      isUnref = true;
      server.unref();
    },
  };
}

/** A server that was killed holds its port and memory until the last of its children is gone. */
async function startWhenFree(run: RunOptions): Promise<ServerProcess> {
  const limit = performance.now() + PREDECESSOR_LIMIT_MS;
  for (;;) {
    try {
      return await ServerProcess.start(run);
    } catch (error) {
      const isWaiting = error instanceof StartFailure && NOT_YET.test(error.words);
      if (!isWaiting || performance.now() > limit) throw error;
      await delay(RETRY_MS);
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
