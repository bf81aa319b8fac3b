/**
 * One server for the test files of a run that ask for no more than databases of their own:
 * `node --test --test-global-setup` with this file. Each file for itself has its own server.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type LocalPostgres, startIn } from "./start-postgres.ts";

/** Tells test files its URL. */
export const SHARED_SERVER = "AIRLOCK_TEST_SERVER";

let server: LocalPostgres | undefined;

export async function globalSetup(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "airlock-test-postgres-"));
  server = await startIn({ folder, durable: false, maxConnections: 400 }, folder);
  process.env[SHARED_SERVER] = server.url;
}

export async function globalTeardown(): Promise<void> {
  await server?.stop("immediate");
  if (server) await rm(server.folder, { recursive: true, force: true });
}
