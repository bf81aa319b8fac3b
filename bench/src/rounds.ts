/** Interleaved rounds: in each, every proxy gets one slot of the same load, one after another. */
import { type Case, CONNECTIONS } from "./cases.ts";
import type { Load } from "./load/load.ts";
import type { RunningProxy } from "./proxies/proxy.ts";

export interface Plan {
  readonly rounds: number;
  readonly slotMs: number;
  readonly warmUpMs: number;
}

/** One proxy's slots in one case, by round. */
export interface Series {
  readonly requests: number[];
  readonly perSecond: number[];
  /** CPU time of the proxy's process per 10,000 requests; undefined where nobody can tell. */
  readonly cpuMsPer10k: (number | undefined)[];
  /** CPU time as a share of the slot: well below 1, something else was the limit. */
  readonly busy: (number | undefined)[];
}

export interface CaseResult {
  readonly what: Case;
  readonly byProxy: ReadonlyMap<string, Series>;
}

/** Runs every proxy until V8 has compiled what it uses; what is compiled already gets a moment. */
export async function warmUp(
  proxies: readonly RunningProxy[],
  [what]: readonly Case[],
  plan: Plan,
  load: Load,
): Promise<void> {
  if (!what) return;
  for (const { port, prefix, headers = [], isJustInTime } of proxies) {
    const durationMs = isJustInTime ? plan.warmUpMs : plan.slotMs;
    await load.run({ port, prefix, headers, what, durationMs, connections: CONNECTIONS });
  }
}

/** @throws Error naming proxy and case when an answer was not the right one. */
export async function runCase(
  what: Case,
  proxies: readonly RunningProxy[],
  plan: Plan,
  load: Load,
): Promise<CaseResult> {
  const byProxy = new Map<string, Series>();
  for (const { name } of proxies) {
    byProxy.set(name, { requests: [], perSecond: [], cpuMsPer10k: [], busy: [] });
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const proxy of inTurn(proxies, round)) {
      const series = byProxy.get(proxy.name);
      if (series) await runSlot(what, proxy, plan.slotMs, load, series);
    }
  }
  return { what, byProxy };
}

/** Who comes first changes from round to round, so that no one always follows the same neighbour. */
export function inTurn<T>(proxies: readonly T[], round: number): readonly T[] {
  const first = round % proxies.length;
  return [...proxies.slice(first), ...proxies.slice(0, first)];
}

async function runSlot(
  what: Case,
  { name, port, prefix, headers = [], child }: RunningProxy,
  durationMs: number,
  load: Load,
  series: Series,
): Promise<void> {
  const before = child.cpuMs();
  const slot = { port, prefix, headers, what, durationMs, connections: CONNECTIONS };
  const result = await load.run(slot).catch((error: Error) => {
    throw new Error(`${name}, ${what.title}: ${error.message}`);
  });
  const after = child.cpuMs();
  const cpuMs = before === undefined || after === undefined ? undefined : after - before;
  series.requests.push(result.requests);
  series.perSecond.push((result.requests / result.elapsedMs) * 1000);
  series.cpuMsPer10k.push(cpuMs === undefined ? undefined : (cpuMs / result.requests) * 10_000);
  series.busy.push(cpuMs === undefined ? undefined : cpuMs / result.elapsedMs);
}
