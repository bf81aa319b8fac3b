/** `pnpm start` and `pnpm dev`: all of Airlock on this machine, each service a process of its own. */
import { banner } from "./start/banner.ts";
import { path } from "./start/environment.ts";
import { examplesOf } from "./start/examples.ts";
import { prepareGround } from "./start/ground.ts";
import { HELP } from "./start/help.ts";
import { invocation } from "./start/invocation.ts";
import { readOptions, type StartOptions } from "./start/options.ts";
import { createOutput, type Output } from "./start/output.ts";
import { watchPackageRunner } from "./start/package-runner.ts";
import { planProcesses } from "./start/plan.ts";
import { Processes } from "./start/processes.ts";
import { seal } from "./start/seal.ts";
import { overruled } from "./start/shell-settings.ts";
import { restartOnChange } from "./start/watch/restart-on-change.ts";

async function main(): Promise<void> {
  const output = createOutput(process.stdout, process.stderr);
  const options = optionsOrQuit(output);
  const processes = new Processes(output, { areMended: options.watch });
  const stop = () => void processes.stop().then((code) => process.exit(code));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  // nobody reads any more, as when the other end of a pipe has ended
  for (const stream of [process.stdout, process.stderr]) stream.on("error", stop);
  watchPackageRunner(stop);
  processes.onDeath = (sentence) => {
    output.complain(sentence);
    stop();
  };
  const fail = (error: unknown) =>
    processes.fail(error instanceof Error ? error.message : String(error));
  process.on("unhandledRejection", fail);
  process.on("uncaughtException", fail);
  await run(options, output, processes).catch(fail);
}

function optionsOrQuit(output: Output): StartOptions {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options) return options;
    process.stdout.write(HELP);
    process.exit(0);
  } catch (error) {
    output.complain(`${(error as Error).message}\nSee: pnpm start --help`);
    process.exit(2);
  }
}

async function run(options: StartOptions, output: Output, processes: Processes): Promise<void> {
  const shell = seal(process.env);
  const again = invocation(process.argv.slice(2), shell);
  const { ground, database, sessions } = await prepareGround({
    options,
    shell,
    again,
    output,
    processes,
  });
  const { ports, cluster, kubeconfig } = ground;
  const specs = planProcesses(options, ground);
  const settings = Object.fromEntries(specs.map(({ name, env }) => [name, env]));
  tellOverruled(output, overruled(shell, settings));
  if (options.watch) {
    const migrate = database && (async () => (await database).migrate());
    // before they start: what is saved meanwhile is not lost
    await processes.open(restartOnChange({ root: path("."), specs, processes, output, migrate }));
  }
  await processes.start(specs);
  if (processes.isStopping) return;
  tellDoors(output);
  const running = { options, ports, settings };
  const down = processes.down();
  const places = {
    ...running,
    shell,
    down,
    cluster,
    kubeconfig,
    database: await database,
    sessions,
  };
  const tookMs = Math.round(performance.now()); // since this process began
  output.say(banner({ ...places, tookMs }));
  output.record("ready", { ports, ms: tookMs, examples: examplesOf(running) });
  output.showRequests();
}

function tellOverruled(output: Output, names: readonly string[]): void {
  if (names.length === 0) return;
  output.tell(`decided by start, not by this shell: ${names.join(", ")}`, { overruled: names });
}

function tellDoors({ doors, tell }: Output): void {
  const names = doors.names();
  if (names.length === 0) return;
  tell(`open, as in dev: ${names.join(", ")}`, { open_doors: doors.byService() });
}

await main();
