#!/usr/bin/env node
/** `airlock-migrate`: brings the database to this version's schema and ends. Run before the service. */
import { loadSettings, SettingsError } from "@airlock/config";
import { GpuTypesError, readGpuTypes } from "./gpu-types-file.ts";
import type { StoreLog } from "./log.ts";
import { migrate } from "./migrate.ts";
import { migrateEnvironment, migrateSchema } from "./migrate-settings.ts";
import { migrateWhenReachable } from "./migrate-when-reachable.ts";
import { queuesOf, targetOf } from "./settings.ts";

const write = (level: string, fields: object, msg: string): void => {
  const line = {
    time: new Date().toISOString(),
    level,
    service: "airlock-migrate",
    ...fields,
    msg,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const log: StoreLog = {
  info: (fields, message) => write("info", fields, message),
  warn: (fields, message) => write("warn", fields, message),
  error: (fields, message) => write("error", fields, message),
};

// the first process of a container gets no signal that it does not ask for; Postgres rolls back
process.once("SIGTERM", () => process.exit(1));
try {
  const settings = loadSettings(migrateSchema, migrateEnvironment(process.env));
  const options = {
    ...targetOf(settings),
    queues: queuesOf(settings),
    gpuTypes:
      settings.GPU_TYPES_FILE === undefined ? undefined : readGpuTypes(settings.GPU_TYPES_FILE),
    connectTimeoutMs: settings.DATABASE_CONNECT_TIMEOUT_MS,
    log,
  };
  await migrateWhenReachable(() => migrate(options), { log });
} catch (error) {
  const words = error instanceof Error ? error.message : String(error);
  if (error instanceof SettingsError || error instanceof GpuTypesError)
    process.stderr.write(`${words}\n`);
  else log.error({ reason: words }, "migration failed");
  process.exitCode = 1;
}
