/** When the rollout steps back, and when not: chance played for days, on a clock of its own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { wilson } from "../src/rollout/gates.ts";
import {
  failing,
  type Judge,
  type MakeJudge,
  NOT_FOUND,
  OK,
  ours,
  type Play,
  type Played,
  play,
  REFUSED,
} from "./rollout-player.ts";

const isSoak = process.env.GENERATED_CASES === "soak";
const SIZE = isSoak
  ? { runs: 200, days: 5, percentages: [10, 50], hoursAt100: 24, salts: 2000 }
  : { runs: 200, days: 1, percentages: [10], hoursAt100: 1, salts: 30 };

/** What the last test tells. */
const figures: Record<string, number> = { runs: SIZE.runs };

type Trouble = Omit<Play, "seed" | "hours" | "perSecond" | "percentage"> & Partial<Play>;

/** Seconds until the step back in each run, in rising order; a run without one takes for ever. */
function steppedBackAfter(trouble: Trouble): number[] {
  const plan = { perSecond: 100, percentage: 10, hours: 0.1, ...trouble };
  return Array.from({ length: SIZE.runs }, (_, seed) => {
    return play(ours, { ...plan, seed }) ?? Number.POSITIVE_INFINITY;
  }).sort((a, b) => a - b);
}

const middleOf = (sorted: readonly number[]): number =>
  sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
const lateOf = (sorted: readonly number[]): number =>
  sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;

const allRefused: Play["answer"] = (isNew) => (isNew ? REFUSED : OK);

describe("at 100 requests a second and 10 %, in the middle of all runs", () => {
  type Row = [word: string, name: string, limitSeconds: number, trouble: Trouble];
  const cases: readonly Row[] = [
    ["refused_seconds", "everything is refused", 10, { answer: allRefused }],
    ["failing_seconds", "5 % fail, and 1 % did", 60, { answer: failing(0.01, 0.05) }],
    ["slow_seconds", "3 times as slow", 30, { answer: failing(0.01, 0.01), slower: 3 }],
  ];
  for (const [word, name, limitSeconds, trouble] of cases) {
    test(`${name}: it steps back within ${limitSeconds} s`, () => {
      const seconds = steppedBackAfter(trouble);
      figures[word] = middleOf(seconds);
      figures[`${word}_95`] = lateOf(seconds);
      assert.ok(middleOf(seconds) <= limitSeconds, `${middleOf(seconds)} s`);
    });
  }
});

test("3 requests a minute at 10 % are too few to tell by: it holds even when all are refused", () => {
  const trouble = { answer: allRefused, perSecond: 0.05, hours: 1 };
  const held = steppedBackAfter(trouble).filter((seconds) => seconds === Number.POSITIVE_INFINITY);
  figures.held_runs = held.length;
  assert.ok(held.length > SIZE.runs / 2);
});

test("at 100 %, with nothing to compare with, it steps back when everything is refused", () => {
  const seconds = steppedBackAfter({ answer: allRefused, percentage: 100, perSecond: 1 });
  assert.ok(middleOf(seconds) <= 60, `${middleOf(seconds)} s`);
});

/** How often a judge steps back in a day in which both routes are the same. */
function falseStepsBack(makeJudge: MakeJudge, perSecond: number, hours: number): number {
  let found = 0;
  for (let day = 0; day < SIZE.days; day++) {
    for (const percentage of SIZE.percentages) {
      const plan = { seed: day * 100 + percentage, perSecond, percentage, hours };
      if (play(makeJudge, { ...plan, answer: failing(0.01, 0.01) }) !== undefined) found++;
    }
  }
  return found;
}

let played = 0;
let falsely = 0;

describe("24 hours in which the routes are the same", () => {
  for (const perSecond of [0.1, 1, 10, 100]) {
    test(`${perSecond} a second: no step back`, () => {
      const hours = perSecond === 100 ? SIZE.hoursAt100 : 24;
      const found = falseStepsBack(ours, perSecond, hours);
      played += hours * SIZE.days * SIZE.percentages.length;
      falsely += found;
      assert.equal(found, 0);
    });
  }

  test("a rule that is less sure, and looks each second, steps back without need", () => {
    assert.ok(falseStepsBack(naive, 10, 24) > 0);
  });
});

describe("12 callers, of whom one asks for what is not there", () => {
  const answer: Play["answer"] = (_isNew, random, caller) =>
    caller === 0 && random() < 0.2 ? NOT_FOUND : OK;
  const stepsBack = (makeJudge: MakeJudge) => {
    let found = 0;
    for (let seed = 0; seed < SIZE.salts; seed++) {
      const plan = { seed, callers: 12, perSecond: 10, percentage: 50, hours: 0.25, answer };
      if (play(makeJudge, plan) !== undefined) found++;
    }
    return found;
  };

  test("no salt of all makes it step back", () => {
    figures.salts = SIZE.salts;
    assert.equal(stepsBack(ours), 0);
  });

  test("a rule that counts refusals of what was asked blames the route", () => {
    const found = stepsBack((options) => {
      const judge = ours(options);
      const asFailure = (answer: Played) => (answer.status >= 400 ? REFUSED : answer);
      return { ...judge, ended: (isNew, answer, ms) => judge.ended(isNew, asFailure(answer), ms) };
    });
    assert.ok(found > SIZE.salts / 5, `${found} of ${SIZE.salts}`);
  });
});

test("what was played", (t) => {
  t.diagnostic(JSON.stringify({ ...figures, hours: played, false_steps_back: falsely }));
});

/** What comes to mind first: a minute, 30 requests, 95 % sure, looked at each second. */
const naive: MakeJudge = ({ percentage, nowMs, random }) => {
  const ended: { atMs: number; isNew: boolean; isFailure: boolean }[] = [];
  const boundsOf = (isNew: boolean) => {
    const those = ended.filter((one) => one.isNew === isNew);
    const failures = those.filter(({ isFailure }) => isFailure).length;
    return those.length < 30 ? undefined : wilson(failures / those.length, those.length, 1.96);
  };
  const judge: Judge = {
    lookMs: 1000,
    isNew: () => random() * 100 < percentage,
    ended: (isNew, { status }) =>
      void ended.push({ atMs: nowMs(), isNew, isFailure: status >= 500 }),
    look() {
      while ((ended[0]?.atMs ?? nowMs()) < nowMs() - 60_000) ended.shift();
      const fresh = boundsOf(true);
      const old = boundsOf(false);
      return fresh !== undefined && old !== undefined && fresh[0] > old[1];
    },
  };
  return judge;
};
