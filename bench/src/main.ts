/** `pnpm bench`: the benchmarks of this repository, on this machine. */
import { runBenchmark } from "./benchmark.ts";
import { installDependencies } from "./dependencies.ts";
import { benchmarkJobs } from "./jobs/benchmark.ts";
import { benchmarkLayer } from "./layer/benchmark.ts";
import { HELP, type Options, readOptions, type Target } from "./options.ts";
import { profileGateway } from "./profile/profile-gateway.ts";
import { conditions, jobsConditions, layerConditions, otherLoad, writePage } from "./report.ts";
import { renderTable } from "./table.ts";

const say = (text: string) => process.stdout.write(`${text}\n`);

async function run(options: Options): Promise<void> {
  if (options.profile !== undefined) {
    const [what] = options.cases;
    if (what === undefined) throw new Error("--profile takes one of the loads by --case");
    say(await profileGateway(options.profile, what));
    return;
  }
  const otherWork = otherLoad();
  const text = await MEASURE[options.target](options, otherWork);
  say(`\n${text}`);
  if (options.isWriting) writePage(options.target, text);
}

/** Each resolves with its conditions and its table. */
const MEASURE: Readonly<Record<Target, (options: Options, otherWork: string) => Promise<string>>> =
  {
    async gateway(options, otherWork) {
      installDependencies();
      const result = await runBenchmark(options, say);
      const table = renderTable(result, options.checkouts[0] && "gateway");
      return `${conditions(options, otherWork)}\n\n${table}`;
    },
    async layer(options, otherWork) {
      const table = await benchmarkLayer(options.plan, say);
      return `${layerConditions(options, otherWork)}\n\n${table}`;
    },
    async jobs(options, otherWork) {
      const table = await benchmarkJobs(options.plan, say);
      return `${jobsConditions(options, otherWork)}\n\n${table}`;
    },
  };

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
try {
  const options = readOptions(process.argv.slice(2));
  if (options) await run(options);
  else process.stdout.write(HELP);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
