/** What authenticated layers cost: the same pair with and without, in interleaved rounds. */

import { startLocalAws } from "../../../packages/local-aws/src/local-aws.ts";
import { createLocalIssuer } from "../../../packages/local-issuer/src/local-issuer.ts";
import { REPOSITORY } from "../repository.ts";
import type { Plan } from "../rounds.ts";
import { median, pairedRatio } from "../statistics.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import {
  parameterCount,
  parameterName,
  parameterValue,
  runSlot,
  type Slot,
} from "./closed-loop.ts";
import { type Pair, startPair } from "./pair.ts";

export const LAYER_QUICK: Plan = { rounds: 12, slotMs: 1200, warmUpMs: 8000 };
export const LAYER_FULL: Plan = { rounds: 40, slotMs: 2000, warmUpMs: 15_000 };

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
  const directory = temporaryDirectory();
  const common = { root: REPOSITORY, directory, awsUrl: aws.url };
  const pairs = [
    await startPair({ ...common, name: "none", issuer: undefined }),
    await startPair({ ...common, name: "service-account, enforce", issuer }),
  ];
  try {
    for (const { url } of pairs) await runSlot(url, plan.warmUpMs);
    const slots = await measure(pairs, plan, say);
    return renderTable(pairs, slots);
  } finally {
    for (const { children } of pairs) await Promise.all(children.map((child) => child.stop()));
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
    const order = round % 2 === 0 ? pairs : pairs.toReversed();
    for (const pair of order) slots.get(pair)?.push(await runSlot(pair.url, plan.slotMs));
    say(`round ${round + 1} of ${plan.rounds}`);
  }
  return slots;
}

function renderTable(pairs: readonly Pair[], slots: Map<Pair, Slot[]>): string {
  const [open] = pairs;
  const series = (pair: Pair | undefined, key: keyof Slot) =>
    ((pair && slots.get(pair)) ?? []).map((slot) => slot[key]);
  const ratio = (pair: Pair, key: keyof Slot) => {
    const paired = pairedRatio(series(pair, key), series(open, key));
    if (!paired) return "–";
    const [middle, lowest, highest] = [paired.median, paired.lowest, paired.highest];
    return `${middle.toFixed(3)} (${lowest.toFixed(2)}–${highest.toFixed(2)})`;
  };
  const rows = pairs.map((pair) => [
    pair.name,
    ratio(pair, "perSecond"),
    ratio(pair, "p95Ms"),
    median(series(pair, "perSecond")).toFixed(0),
    `${median(series(pair, "p95Ms")).toFixed(1)} ms`,
    String(series(pair, "requests").reduce((sum, one) => sum + one, 0)),
  ]);
  return [
    "| layer | of none, requests/s | of none, p95 | requests/s | p95 | bodies checked |",
    "|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
}
