/** What the jobs API adds to its SQL: each operation beside its bare statements, in interleaved rounds. */
import type { Plan } from "../rounds.ts";
import { median, pairedRatio } from "../statistics.ts";
import { type Operation, operationsOf } from "./operations.ts";
import { startRig } from "./rig.ts";
import { benchmarkSubmit } from "./submit.ts";
import { measureSubmits } from "./submit-rate.ts";

export const JOBS_QUICK: Plan = { rounds: 11, slotMs: 400, warmUpMs: 2500 };
export const JOBS_FULL: Plan = { rounds: 41, slotMs: 1000, warmUpMs: 10_000 };

const SUBMIT_ROUNDS = 9;

/** The times of one slot, in milliseconds, the shortest first. */
type Slot = readonly number[];

interface Series {
  readonly asked: Slot[];
  readonly queried: Slot[];
}

/** @returns the tables, in Markdown. */
export async function benchmarkJobs(plan: Plan, say: (text: string) => void): Promise<string> {
  const rig = await startRig();
  try {
    const operations = await operationsOf(rig);
    const series = new Map<Operation, Series>();
    for (const operation of operations) {
      await warmUp(operation, plan.warmUpMs);
      say(`${operation.title}: ${plan.rounds} rounds of ${plan.slotMs} ms each`);
      series.set(operation, await measure(operation, plan));
    }
    const submits = await measureSubmits(rig, plan.rounds * plan.slotMs, say);
    say(`submissions, many at once: ${SUBMIT_ROUNDS} rounds of ${plan.slotMs} ms each`);
    const many = { rounds: SUBMIT_ROUNDS, slotMs: plan.slotMs };
    const submissions = await benchmarkSubmit(rig, many);
    return `${renderTable(series)}\n\n${submits}\n\n${submissions}`;
  } finally {
    await rig.stop();
  }
}

async function warmUp({ ask, query }: Operation, durationMs: number): Promise<void> {
  await runSlot(ask, durationMs);
  await runSlot(query, durationMs / 2);
}

async function measure({ ask, query }: Operation, plan: Plan): Promise<Series> {
  const series: Series = { asked: [], queried: [] };
  for (let round = 0; round < plan.rounds; round++) {
    // who comes first changes from round to round
    for (const isAsking of round % 2 === 0 ? [true, false] : [false, true]) {
      const slot = await runSlot(isAsking ? ask : query, plan.slotMs);
      (isAsking ? series.asked : series.queried).push(slot);
    }
  }
  return series;
}

/** One after the other, so that each time is of one operation alone. */
async function runSlot(run: () => Promise<unknown>, durationMs: number): Promise<Slot> {
  const times: number[] = [];
  const endsAt = performance.now() + durationMs;
  while (performance.now() < endsAt) {
    const startedAt = performance.now();
    await run();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b);
}

const at = (slot: Slot, share: number): number =>
  slot[Math.min(slot.length - 1, Math.floor(slot.length * share))] ?? Number.NaN;

function renderTable(all: ReadonlyMap<Operation, Series>): string {
  const rows = [...all].map(([{ title, expected }, { asked, queried }]) => [
    title,
    ...[0.5, 0.95].map((share) => ratio(asked, queried, share)),
    ...[asked, queried].flatMap((slots) => [0.5, 0.95].map((share) => times(slots, share))),
    expected,
    String(asked.reduce((sum, slot) => sum + slot.length, 0)),
  ]);
  return [
    "| operation | of bare SQL, p50 | of bare SQL, p95 | p50 | p95 | bare SQL, p50 | bare SQL, p95 | expected at first | answers |",
    "|---|---|---|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
}

function ratio(asked: readonly Slot[], queried: readonly Slot[], share: number): string {
  const paired = pairedRatio(
    asked.map((slot) => at(slot, share)),
    queried.map((slot) => at(slot, share)),
  );
  if (!paired) return "–";
  const [middle, lowest, highest] = [paired.median, paired.lowest, paired.highest];
  return `${middle.toFixed(1)} (${lowest.toFixed(1)}–${highest.toFixed(1)})`;
}

/** Milliseconds: the median of the rounds. */
const times = (slots: readonly Slot[], share: number): string =>
  `${median(slots.map((slot) => at(slot, share))).toFixed(2)} ms`;
