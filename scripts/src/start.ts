/** `pnpm start` and `pnpm dev`: the whole pair on this machine, each service a process of its own. */
import { parseArgs } from "node:util";
import { printBanner } from "./start/banner.ts";
import { HELP } from "./start/help.ts";
import { playCluster } from "./start/local-cluster.ts";
import { createOutput } from "./start/output.ts";
import { watchPackageRunner } from "./start/package-runner.ts";
import { planProcesses, type StartOptions } from "./start/plan.ts";
import { readPorts, takenPorts } from "./start/ports.ts";
import { Processes } from "./start/processes.ts";
import { describeRealAws } from "./start/real-aws.ts";

const TARGETS = ["pair", "aux", "gateway"] as const;

function readOptions(): StartOptions {
  const { values } = parseArgs({
    options: {
      aws: { type: "boolean", default: false },
      "layer-auth": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      only: { type: "string", default: "pair" },
      watch: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const only = TARGETS.find((target) => target === values.only);
  if (!only) throw new Error(`--only takes ${TARGETS.join(", ")}`);
  const layerAuth = values["layer-auth"];
  if (layerAuth && only !== "pair") throw new Error("--layer-auth needs the pair");
  return { only, watch: values.watch, useRealAws: values.aws, layerAuth };
}

function quit(message: string, exitCode: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(exitCode);
}

async function main(): Promise<void> {
  let options: StartOptions;
  try {
    options = readOptions();
  } catch (error) {
    quit(`${(error as Error).message}\nSee: pnpm start --help`, 2);
  }
  const output = createOutput(process.stdout, process.stderr);
  try {
    const ports = readPorts(process.env);
    const cluster = options.layerAuth ? await playCluster() : undefined;
    const plan = planProcesses(options, ports, process.env, cluster);
    const taken = await takenPorts(plan.flatMap(({ ports: used }) => used));
    if (taken.length > 0) quit(taken.join("\n"), 1);
    if (options.useRealAws) output.say(await describeRealAws(process.env));

    const processes = new Processes(output);
    const stop = () =>
      void processes
        .stop()
        .finally(() => cluster?.close())
        .then((code) => process.exit(code));
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    watchPackageRunner(stop);
    processes.onDeath = (sentence) => {
      output.complain(sentence);
      stop();
    };
    for (const spec of plan) await processes.start(spec);
    if (!processes.isStopping) printBanner(output, options, ports, cluster);
  } catch (error) {
    quit((error as Error).message, 1);
  }
}

await main();
