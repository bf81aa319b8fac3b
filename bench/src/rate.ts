/** What requests wait at a fixed rate over many connections, at the percentiles that users notice. */
import { CASES, MANY_CONNECTIONS } from "./cases.ts";
import type { Load } from "./load/load.ts";
import type { RunningProxy } from "./proxies/proxy.ts";
import { inTurn } from "./rounds.ts";
import { median, percentile } from "./statistics.ts";

export const PER_SECOND = 3000;
const ROUNDS = 3;
const SLOT_MS = 8000;

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * @param say told of each slot in which an answer was not the right one, such as a 503 of a proxy that
 * cannot keep up: such a slot counts as endless.
 * @returns by proxy, the medians of the rounds.
 */
export async function measureRate(
  proxies: readonly RunningProxy[],
  load: Load,
  say: (text: string) => void,
): Promise<ReadonlyMap<string, Latency>> {
  const [what] = CASES;
  if (!what) throw new Error("there is no load");
  const rounds = new Map(proxies.map(({ name }) => [name, [] as Latency[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, port, prefix, headers = [] } of inTurn(proxies, round)) {
      const slot = { port, prefix, headers, what, durationMs: SLOT_MS, perSecond: PER_SECOND };
      const all = { ...slot, connections: MANY_CONNECTIONS };
      const { latenciesMs = [] } = await load.run(all).catch((error: Error) => {
        say(`${name} at ${PER_SECOND} a second: ${error.message}`);
        return { latenciesMs: [Number.POSITIVE_INFINITY] };
      });
      const [p50Ms, p99Ms] = [percentile(latenciesMs, 0.5), percentile(latenciesMs, 0.99)];
      rounds.get(name)?.push({ p50Ms, p99Ms });
    }
  }
  const middle = (all: readonly Latency[]): Latency => ({
    p50Ms: median(all.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(all.map(({ p99Ms }) => p99Ms)),
  });
  return new Map([...rounds].map(([name, all]) => [name, middle(all)]));
}
