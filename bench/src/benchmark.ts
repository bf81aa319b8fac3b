/** One whole run: start everything, measure every case, end everything. */
import { CASES } from "./cases.ts";
import { startLoad } from "./load/load.ts";
import { type IdleGateway, type MemoryUse, startIdle } from "./memory.ts";
import type { Options } from "./options.ts";
import { startGateway } from "./proxies/gateway.ts";
import { startNginx } from "./proxies/nginx.ts";
import { startPeer } from "./proxies/peers.ts";
import { startProofs } from "./proxies/proofs.ts";
import { type Absent, isAbsent, type RunningProxy } from "./proxies/proxy.ts";
import { type Latency, measureRate } from "./rate.ts";
import { REPOSITORY } from "./repository.ts";
import { type CaseResult, runCase, warmUp } from "./rounds.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface BenchmarkResult {
  readonly results: readonly CaseResult[];
  readonly absent: readonly Absent[];
  /** By proxy; empty when it was not asked for. */
  readonly latencies: ReadonlyMap<string, Latency>;
  /** The same. */
  readonly memory: ReadonlyMap<string, MemoryUse>;
}

/** @param say told what is being done, for whoever waits. */
export async function runBenchmark(
  options: Options,
  say: (text: string) => void,
): Promise<BenchmarkResult> {
  const { plan, cases, apart } = options;
  const directory = temporaryDirectory();
  const load = await startLoad();
  const { issuer, proofs } = await startProofs(directory);
  const started: (RunningProxy | Absent)[] = [];
  const idle = new Map<string, IdleGateway>();
  try {
    const { upstreamPort } = load;
    const checkouts = [{ name: "gateway", root: REPOSITORY }, ...options.checkouts];
    if (apart.has("memory")) {
      for (const one of checkouts) {
        idle.set(one.name, await startIdle({ ...one, upstreamPort, directory }));
      }
    }
    for (const one of checkouts) {
      started.push(await startGateway({ ...one, upstreamPort, directory }));
    }
    const own = { root: REPOSITORY, upstreamPort, directory };
    started.push(await startGateway({ ...own, name: "gateway, proofs", proofs }));
    started.push(await startPeer("bare", upstreamPort));
    started.push(await startNginx(upstreamPort, directory));
    started.push(await startPeer("reply-from", upstreamPort));
    const proxies = started.filter((one): one is RunningProxy => !isAbsent(one));

    if (cases.length > 0 || apart.has("rate")) {
      say(`warming up: ${proxies.map(({ name }) => name).join(", ")}`);
      await warmUp(proxies, cases.length > 0 ? cases : CASES, plan, load);
    }
    const results: CaseResult[] = [];
    for (const what of cases) {
      say(`${what.title}: ${plan.rounds} rounds of ${plan.slotMs} ms each`);
      results.push(await runCase(what, proxies, plan, load));
    }
    if (apart.has("rate")) say("at a fixed rate");
    const latencies = apart.has("rate") ? await measureRate(proxies, load, say) : new Map();
    const memory = new Map<string, MemoryUse>();
    for (const [name, one] of idle) {
      say(`memory of ${name}`);
      memory.set(name, await one.measure(load));
    }
    return { results, absent: started.filter(isAbsent), latencies, memory };
  } finally {
    for (const one of started) if (!isAbsent(one)) await one.child.stop();
    for (const one of idle.values()) await one.stop();
    await load.stop();
    await issuer.close();
  }
}
