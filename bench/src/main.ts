/** `pnpm bench`: the benchmarks of this repository, on this machine. */
import { runBenchmark } from "./benchmark.ts";
import { installDependencies } from "./dependencies.ts";
import { benchmarkLayer } from "./layer/benchmark.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { profileGateway } from "./profile/profile-gateway.ts";
import { conditions, layerConditions, otherLoad, writePage } from "./report.ts";
import { renderTable } from "./table.ts";

const say = (text: string) => process.stdout.write(`${text}\n`);

async function run(options: Options): Promise<void> {
  if (options.profile !== undefined) {
    say(await profileGateway(options.profile));
    return;
  }
  if (options.target === "layer") {
    const otherWork = otherLoad();
    const table = await benchmarkLayer(options.plan, say);
    const text = `${layerConditions(options, otherWork)}\n\n${table}`;
    say(`\n${text}`);
    if (options.isWriting) writePage("layer", text);
    return;
  }
  installDependencies();
  const otherWork = otherLoad();
  const { results, absent } = await runBenchmark(options, say);
  const text = `${conditions(options, otherWork)}\n\n${renderTable(results, absent, options.checkouts[0] && "gateway")}`;
  say(`\n${text}`);
  if (options.isWriting) writePage("gateway", text);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
try {
  const options = readOptions(process.argv.slice(2));
  if (options) await run(options);
  else process.stdout.write(HELP);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
