#!/usr/bin/env node
/** `airlock-migrate`: brings the database to this version's schema and ends. Run before a deploy. */
import { commonSettings, loadSettings, SettingsError } from "@airlock/config";
import * as z from "zod";
import type { StoreLog } from "./log.ts";
import { migrate } from "./migrate.ts";
import { queuesOf, storeSettings, targetOf, withStoreRules } from "./settings.ts";

const { ENVIRONMENT } = commonSettings;
const schema = withStoreRules(z.object({ ENVIRONMENT, ...storeSettings }));

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

try {
  const settings = loadSettings(schema, process.env);
  await migrate({ ...targetOf(settings), queues: queuesOf(settings), log });
} catch (error) {
  const words = error instanceof Error ? error.message : String(error);
  if (error instanceof SettingsError) process.stderr.write(`${words}\n`);
  else log.error({ reason: words }, "migration failed");
  process.exitCode = 1;
}
