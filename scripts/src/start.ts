/** `pnpm start` and `pnpm dev`: all of Airlock on this machine, each service a process of its own. */
import { parseArgs } from "node:util";
import { printBanner } from "./start/banner.ts";
import { path } from "./start/environment.ts";
import { HELP } from "./start/help.ts";
import { playCluster } from "./start/local-cluster.ts";
import { openDatabase } from "./start/local-database.ts";
import { createOutput, type Output } from "./start/output.ts";
import { watchPackageRunner } from "./start/package-runner.ts";
import { type Ground, planProcesses, type StartOptions, TARGETS } from "./start/plan.ts";
import { readPorts, takenPorts } from "./start/ports.ts";
import { Processes } from "./start/processes.ts";
import { describeRealAws } from "./start/real-aws.ts";
import { keepSealingKeys } from "./start/sealing-keys-file.ts";

function readOptions(): StartOptions {
  const { values } = parseArgs({
    options: {
      aws: { type: "boolean", default: false },
      "layer-auth": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      only: { type: "string", default: "all" },
      reset: { type: "boolean", default: false },
      watch: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const only = TARGETS.find((target) => target === values.only);
  if (!only) throw new Error(`--only takes ${TARGETS.join(", ")}`);
  const { aws: useRealAws, "layer-auth": layerAuth, reset, watch } = values;
  if (layerAuth && (only === "aux" || only === "gateway")) {
    throw new Error("--layer-auth needs gateway and aux");
  }
  if (reset && only !== "all") throw new Error("--reset empties the database of jobs; run all");
  return { only, watch, useRealAws, layerAuth, reset };
}

function optionsOrQuit(): StartOptions {
  try {
    return readOptions();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nSee: pnpm start --help\n`);
    process.exit(2);
  }
}

async function main(): Promise<void> {
  const options = optionsOrQuit();
  const output = createOutput(process.stdout, process.stderr);
  const processes = new Processes(output);
  const stop = () => void processes.stop().then((code) => process.exit(code));
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  watchPackageRunner(stop);
  processes.onDeath = (sentence) => {
    output.complain(sentence);
    stop();
  };
  try {
    await run(options, output, processes);
  } catch (error) {
    processes.fail((error as Error).message);
  }
}

async function run(options: StartOptions, output: Output, processes: Processes): Promise<void> {
  const shell = process.env;
  const ports = readPorts(shell);
  const planned = planProcesses(options, { ports, shell });
  const taken = await takenPorts(planned.flatMap((spec) => spec.ports));
  if (taken.length > 0) throw new Error(taken.join("\n"));

  const real = options.useRealAws ? await describeRealAws(shell) : undefined;
  if (real) output.say(real.text);
  const cluster = options.layerAuth ? await processes.open(playCluster()) : undefined;
  const database = options.only === "all" ? prepareDatabase(options, processes) : undefined;
  // it opens while the first processes start, and a run without it need not wait for them
  database?.catch((error: Error) => processes.fail(error.message));
  const ground: Ground = { ports, shell, cluster, database, realAccount: real?.account };
  for (const spec of planProcesses(options, ground)) await processes.start(spec);
  if (!processes.isStopping) printBanner(output, options, { ...ground, database: await database });
}

async function prepareDatabase({ reset }: StartOptions, processes: Processes) {
  const dataFolder = process.env.DATA_FOLDER;
  const database = await processes.open(openDatabase({ dataFolder, reset }));
  void database.failed.then(() => processes.fail("Postgres has ended; stopping the rest."));
  const keysFile = await keepSealingKeys(dataFolder || path(".airlock"), reset);
  return { ...database, keysFile };
}

await main();
