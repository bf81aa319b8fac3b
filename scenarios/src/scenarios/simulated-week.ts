/** A week of a busy cluster in moments: nobody waits longer than the rule says, and what is told of starts is true. */
import { playWeek, type Week } from "../rig/week.ts";
import { HOUR_MS, type WeekJob, type WeekSize } from "../rig/week-jobs.ts";
import type { Scenario, SizeName } from "../scenario.ts";

const SIZES: { readonly [S in SizeName]: WeekSize } = {
  test: { days: 3, jobs: 700, users: 30, toldOneIn: 3 },
  soak: { days: 7, jobs: 5000, users: 60, toldOneIn: 2 },
};
const SEED = 23;
/** Until then too little is known of how jobs run and come. */
const LEARNING_MS = 24 * HOUR_MS;

export const simulatedWeek: Scenario = {
  name: "simulated-week",
  how: "16 nodes of four types for a week (three days in tests), 5,000 jobs (700) of 60 users (30), a third of which run until their time is over and one in twenty fails at once, nodes that are lost for hours; placement and the forecast are the processor's and the API's own, on a clock that nobody waits for",
  async run(size, stage) {
    const week = await playWeek(SIZES[size], SEED);
    const { jobs, wrong, nodeLosses, aged, leftOver } = week;
    const count = `${jobs.length} jobs, ${nodeLosses} nodes lost`;
    const broken = (law: RegExp) => wrong.filter((words) => law.test(words));
    const law = (what: string, words: RegExp, of: string) =>
      stage.check(what, "0", broken(words).length === 0, of, shown(broken(words)));
    law("nodes with more taken than they have", /taken$/, count);
    law("jobs passed, where there was room for them, after 24 h of waiting", /passes/, count);
    law(
      "first in line after 24 h, and started later than they were told at the latest",
      /later than/,
      `${aged} jobs`,
    );
    stage.check("jobs and bookings left over", "0", leftOver === 0, count, String(leftOver));
    tellStarts(week, stage);
  },
};

function tellStarts({ jobs }: Week, stage: Parameters<Scenario["run"]>[1]): void {
  const told = jobs.filter((job) => job.told !== undefined && job.cameAtMs > LEARNING_MS);
  const share = (isKept: (job: WeekJob) => boolean) =>
    (100 * told.filter(isKept).length) / told.length;
  const started = (job: WeekJob) => job.startedAtMs ?? Number.POSITIVE_INFINITY;
  const p50 = share((job) => started(job) <= (job.told?.p50Ms ?? 0));
  const p90 = share((job) => started(job) <= (job.told?.p90Ms ?? 0));
  const naive = share((job) => started(job) <= (job.naiveAtMs ?? 0));
  const count = `${told.length} jobs that waited, after the first day`;
  stage.check(
    "jobs that start by their p50",
    "40–60 %",
    p50 >= 40 && p50 <= 60,
    count,
    percent(p50),
  );
  stage.check("jobs that start by their p90", "≥ 85 %", p90 >= 85, count, percent(p90));
  stage.note("jobs that start by 15 min × jobs in the queue", count, percent(naive));
  const error = (of: (job: WeekJob) => number) =>
    median(told.map((job) => Math.abs(of(job) - started(job))));
  stage.note(
    "median distance of p50 from the start",
    count,
    minutes(error((job) => job.told?.p50Ms ?? 0)),
  );
  stage.note(
    "the same of 15 min × jobs in the queue",
    count,
    minutes(error((job) => job.naiveAtMs ?? 0)),
  );
  const waits = jobs.map((job) => started(job) - job.cameAtMs);
  stage.note(
    "longest wait",
    `${jobs.length} jobs`,
    `${(Math.max(...waits) / HOUR_MS).toFixed(1)} h`,
  );
}

const shown = (wrong: readonly string[]): string =>
  wrong.length === 0 ? "0" : `${wrong.length}: ${wrong.slice(0, 3).join("; ")}`;
const percent = (number: number): string => `${number.toFixed(0)} %`;
const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min`;
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
