/** `pnpm start` and `pnpm dev`: all of Airlock on this machine, each service a process of its own. */
import { banner } from "./start/banner.ts";
import { type DataFolder, openDataFolder } from "./start/data-folder.ts";
import { path } from "./start/environment.ts";
import { examplesOf } from "./start/examples.ts";
import { HELP } from "./start/help.ts";
import { invocation } from "./start/invocation.ts";
import { playCluster } from "./start/local-cluster.ts";
import { openDatabase } from "./start/local-database.ts";
import { hasDatabase, hasStandIn, readOptions, type StartOptions } from "./start/options.ts";
import { createOutput, type Output } from "./start/output.ts";
import { watchPackageRunner } from "./start/package-runner.ts";
import { type Ground, planProcesses } from "./start/plan.ts";
import { findTakenPorts, type Ports, readPorts } from "./start/ports.ts";
import { Processes } from "./start/processes.ts";
import { describeRealAws } from "./start/real-aws.ts";
import { keepSealingKeys } from "./start/sealing-keys-file.ts";
import { keepSessions } from "./start/sessions.ts";
import { overruled } from "./start/shell-settings.ts";
import { openStandInData } from "./start/stand-in-data.ts";
import { restartOnChange } from "./start/watch/restart-on-change.ts";

async function main(): Promise<void> {
  const output = createOutput(process.stdout, process.stderr);
  const options = optionsOrQuit(output);
  const processes = new Processes(output, { areMended: options.watch });
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
  const shell = process.env;
  const ports = readPorts(shell);
  await demandFreePorts(options, ports, shell);

  const real = options.useRealAws ? await describeRealAws(shell) : undefined;
  if (real) output.say(real.text);
  const cluster = options.layerAuth ? await processes.open(playCluster()) : undefined;
  const isKept = hasStandIn(options) || hasDatabase(options);
  const folder = isKept ? await openDataFolder(shell.DATA_FOLDER || path(".airlock")) : undefined;
  const sessions =
    folder && hasStandIn(options) ? await keepSessions(folder, ports.LOCAL_AWS_PORT) : undefined;
  const standInData =
    folder && hasStandIn(options) ? await openStandInData(folder, options, output) : undefined;
  const database =
    folder && hasDatabase(options) ? openJobsData(folder, options, ports, processes) : undefined;
  // it opens while the first processes start, and a run without it need not wait for them
  database?.catch((error: Error) => processes.fail(error.message));

  const realAccount = real?.account;
  const ground: Ground = { ports, shell, cluster, standInData, database, realAccount };
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
  const places = { shell, down, cluster, database: await database, sessions };
  output.say(banner({ ...running, ...places }));
  output.record("ready", { ports, examples: examplesOf(running) });
  output.showRequests();
}

async function demandFreePorts(options: StartOptions, ports: Ports, shell: NodeJS.ProcessEnv) {
  const names = planProcesses(options, { ports, shell }).flatMap((spec) => spec.ports);
  if (hasDatabase(options)) names.push("DATABASE_PORT");
  const found = await findTakenPorts(
    names.map((name) => ports[name]),
    shell,
  );
  if (!found) return;
  const { taken, offset } = found;
  const which = taken.length === 1 ? `Port ${taken} is` : `Ports ${taken.join(", ")} are`;
  const again = invocation(process.argv.slice(2), shell);
  const line = offset === undefined ? "" : `, or move all ports:\n  PORT_OFFSET=${offset} ${again}`;
  throw new Error(`${which} taken. Stop what listens there${line}`);
}

async function openJobsData(
  folder: DataFolder,
  { reset }: StartOptions,
  ports: Ports,
  processes: Processes,
) {
  const port = ports.DATABASE_PORT;
  const opening = openDatabase({ folder: folder.path, port, reset, shell: process.env });
  const database = await processes.open(opening);
  void database.failed.then(() => processes.fail("Postgres has ended; stopping the rest."));
  const keysFile = await keepSealingKeys(folder.path, reset);
  return { ...database, keysFile, urlFile: await folder.write("database-url", database.url) };
}

function tellOverruled(output: Output, names: readonly string[]): void {
  if (names.length === 0) return;
  output.tell(`set by start, whatever this shell says: ${names.join(", ")}`, { overruled: names });
}

function tellDoors({ doors, tell }: Output): void {
  const names = doors.names();
  if (names.length === 0) return;
  tell(`open, as dev leaves them: ${names.join(", ")}`, { open_doors: doors.byService() });
}

await main();
