#!/usr/bin/env node
/** `airlock-dead-orders list|redrive|drop`: what no processor could carry out, for whoever looks after it. */
import { parseArgs } from "node:util";
import { loadSettings } from "@airlock/config";
import { migrateSchema } from "./migrate-settings.ts";
import { targetOf } from "./settings.ts";
import {
  dropDeadOrders,
  listDeadOrders,
  redriveDeadOrders,
} from "./statements/queue/dead-orders.ts";
import { createStore, type Store } from "./store.ts";

const HELP = `Orders that failed five times are set aside, so that the others go on.

  airlock-dead-orders list               all of them, a JSON object a line
  airlock-dead-orders redrive ID…|--all  puts them on their queues again, once what was wrong is mended
  airlock-dead-orders drop ID…|--all     forgets them

It reads the database's settings from its environment, as airlock-migrate does.
`;

type Work = (store: Store, ids: readonly string[] | undefined) => Promise<string[]>;

const COMMANDS: Readonly<Record<string, Work>> = {
  list: async ({ pool }) => (await listDeadOrders(pool)).map((row) => JSON.stringify(row)),
  redrive: async ({ pool }, ids) => [`${await redriveDeadOrders(pool, ids)} sent again`],
  drop: async ({ pool }, ids) => [`${await dropDeadOrders(pool, ids)} dropped`],
};

class UsageError extends Error {}

function readCommand(args: string[]) {
  const options = { all: { type: "boolean", default: false }, help: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help) return undefined;
  const [name = "", ...ids] = positionals;
  const work = COMMANDS[name];
  if (work === undefined) throw new UsageError("say list, redrive or drop");
  if (ids.some((id) => !/^\d{1,18}$/.test(id)))
    throw new UsageError("ids are numbers, as list tells");
  if (name !== "list" && ids.length > 0 === values.all) {
    throw new UsageError(`say which ones to ${name}: their ids, or --all`);
  }
  return { work, ids: values.all || name === "list" ? undefined : ids };
}

try {
  const command = readCommand(process.argv.slice(2));
  if (command === undefined) process.stdout.write(HELP);
  else {
    const settings = loadSettings(migrateSchema, process.env);
    const quiet = { info() {}, warn() {}, error() {} };
    const store = createStore({
      ...targetOf(settings),
      pool: { min: 0, max: 1 },
      connectTimeoutMs: settings.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
      log: quiet,
    });
    const lines = await command.work(store, command.ids).finally(() => store.close());
    for (const line of lines) process.stdout.write(`${line}\n`);
  }
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE");
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n${isUsage ? `\n${HELP}` : ""}`,
  );
  process.exitCode = isUsage ? 2 : 1;
}
