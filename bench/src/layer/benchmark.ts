/** What authenticated layers cost: the same pair with each form of proof and without, in interleaved rounds. */

import { startLocalAws } from "../../../packages/local-aws/src/local-aws.ts";
import { createLocalIssuer } from "../../../packages/local-issuer/src/local-issuer.ts";
import type { Child } from "../child.ts";
import { REPOSITORY } from "../repository.ts";
import { inTurn, type Plan } from "../rounds.ts";
import { median, medianInterval, ratiosOf } from "../statistics.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { parameterCount, parameterName, parameterValue, runSlot } from "./closed-loop.ts";
import { FORMS, type Pair, startPair } from "./pair.ts";
import { startSessionAgent } from "./session-agent.ts";

export const LAYER_QUICK: Plan = { rounds: 12, slotMs: 1200, warmUpMs: 8000 };
export const LAYER_FULL: Plan = { rounds: 60, slotMs: 2000, warmUpMs: 15_000 };

/** One pair's share of a round. */
interface Slot {
  readonly requests: number;
  readonly p95Ms: number;
  /** CPU time for one request; undefined where the system does not tell. */
  readonly gatewayUs: number | undefined;
  readonly auxUs: number | undefined;
}

/** @returns the table, in Markdown. */
export async function benchmarkLayer(plan: Plan, say: (text: string) => void): Promise<string> {
  const aws = await startLocalAws();
  aws.parameters.put({
    parameters: Array.from({ length: parameterCount }, (_, index) => ({
      name: parameterName(index),
      value: parameterValue(index),
    })),
  });
  const issuer = await createLocalIssuer();
  const agent = await startSessionAgent();
  const directory = temporaryDirectory();
  const pairs: Pair[] = [];
  try {
    const around = { root: REPOSITORY, directory, awsUrl: aws.url, issuer, agentUrl: agent.url };
    for (const form of FORMS) pairs.push(await startPair(form, around));
    for (const { url } of pairs) await runSlot(url, plan.warmUpMs);
    return renderTable(pairs, await measure(pairs, plan, say));
  } finally {
    for (const pair of pairs) await pair.stop();
    agent.close();
    await issuer.close();
    await aws.close();
  }
}

async function measure(
  pairs: readonly Pair[],
  plan: Plan,
  say: (text: string) => void,
): Promise<Map<Pair, Slot[]>> {
  const slots = new Map<Pair, Slot[]>(pairs.map((pair) => [pair, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const pair of inTurn(pairs, round)) {
      slots.get(pair)?.push(await measureSlot(pair, plan.slotMs));
    }
    say(`round ${round + 1} of ${plan.rounds}`);
  }
  return slots;
}

async function measureSlot({ url, gateway, aux }: Pair, slotMs: number): Promise<Slot> {
  const before = [gateway.cpuMs(), aux.cpuMs()] as const;
  const { requests, p95Ms } = await runSlot(url, slotMs);
  const perRequest = (child: Child, earlier: number | undefined) => {
    const now = child.cpuMs();
    return now === undefined || earlier === undefined
      ? undefined
      : ((now - earlier) / requests) * 1000;
  };
  const [gatewayUs, auxUs] = [perRequest(gateway, before[0]), perRequest(aux, before[1])];
  return { requests, p95Ms, gatewayUs, auxUs };
}

function renderTable(pairs: readonly Pair[], slots: Map<Pair, Slot[]>): string {
  const [open] = pairs;
  const series = (pair: Pair | undefined, key: keyof Slot) =>
    ((pair && slots.get(pair)) ?? []).map((slot) => slot[key]);
  const ratio = (pair: Pair, key: keyof Slot) => {
    const ratios = ratiosOf(series(pair, key), series(open, key));
    if (ratios.length === 0) return "–";
    const interval = medianInterval(ratios);
    const bounds = interval && ` (${interval.from.toFixed(3)}–${interval.to.toFixed(3)})`;
    return `${median(ratios).toFixed(3)}${bounds ?? ""}`;
  };
  const middle = (pair: Pair, key: keyof Slot) =>
    median(series(pair, key).filter((value) => value !== undefined));
  const rows = pairs.map((pair) => [
    pair.form,
    `${middle(pair, "gatewayUs").toFixed(0)} µs`,
    ratio(pair, "gatewayUs"),
    `${middle(pair, "auxUs").toFixed(0)} µs`,
    ratio(pair, "auxUs"),
    `${middle(pair, "p95Ms").toFixed(1)} ms`,
    ratio(pair, "p95Ms"),
    String(series(pair, "requests").reduce<number>((sum, one) => sum + (one ?? 0), 0)),
  ]);
  return [
    "| `LAYER_AUTH` | gateway, CPU a request | of none | aux, CPU a request | of none | p95 | of none | bodies checked |",
    "|---|---|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
}
