/** One whole run: start everything, measure every case, end everything. */
import { fileURLToPath } from "node:url";
import { startLoad } from "./load/load.ts";
import type { Options } from "./options.ts";
import { startGateway } from "./proxies/gateway.ts";
import { startNginx } from "./proxies/nginx.ts";
import { type Absent, isAbsent, type RunningProxy } from "./proxies/proxy.ts";
import { startReplyFrom } from "./proxies/reply-from.ts";
import { type CaseResult, runCase, warmUp } from "./rounds.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

export interface BenchmarkResult {
  readonly results: readonly CaseResult[];
  readonly absent: readonly Absent[];
}

/** @param say told what is being done, for whoever waits. */
export async function runBenchmark(
  options: Options,
  say: (text: string) => void,
): Promise<BenchmarkResult> {
  const { plan, cases, checkouts } = options;
  const directory = temporaryDirectory();
  const load = await startLoad();
  const started: (RunningProxy | Absent)[] = [];
  try {
    const { upstreamPort } = load;
    started.push(
      await startGateway({ name: "gateway", root: REPOSITORY, upstreamPort, directory }),
    );
    for (const { name, root } of checkouts) {
      started.push(await startGateway({ name, root, upstreamPort, directory }));
    }
    started.push(await startNginx(upstreamPort, directory), await startReplyFrom(upstreamPort));
    const proxies = started.filter((one): one is RunningProxy => !isAbsent(one));

    say(`warming up: ${proxies.map(({ name }) => name).join(", ")}`);
    await warmUp(proxies, cases, plan, load);
    const results: CaseResult[] = [];
    for (const what of cases) {
      say(`${what.title}: ${plan.rounds} rounds of ${plan.slotMs} ms each`);
      results.push(await runCase(what, proxies, plan, load));
    }
    return { results, absent: started.filter(isAbsent) };
  } finally {
    for (const one of started) if (!isAbsent(one)) await one.child.stop();
    await load.stop();
  }
}
