/** Whoever judges a simulated week finds placements that break its laws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { viewOf } from "@airlock/jobs-store";
import { playWeek, type View } from "../src/rig/week.ts";

const SIZE = { days: 3, jobs: 700, users: 30, toldOneIn: Number.MAX_SAFE_INTEGER };

const PLANTED: readonly (readonly [string, RegExp, View])[] = [
  [
    "does not see what is booked",
    /taken$/,
    (row, rules) => viewOf({ ...row, bookings: [] }, rules),
  ],
  [
    "lets nobody's turn come by waiting",
    /passes/,
    (row, rules) => viewOf(row, { ...rules, maxWaitHours: 1000 }),
  ],
  [
    "keeps no node for the first in line",
    /passes|later than/,
    (row, rules) => {
      const view = viewOf(row, rules);
      const small = row.waiting.filter(({ gpu_count }) => gpu_count < 8);
      return { ...view, placement: viewOf({ ...row, waiting: small }, rules).placement };
    },
  ],
];

for (const [name, law, view] of PLANTED) {
  test(`a placement that ${name} is found out`, async () => {
    const found: string[] = [];
    for (let seed = 1; seed <= 5 && !found.some((words) => law.test(words)); seed++) {
      found.push(...(await playWeek(SIZE, seed, view)).wrong);
    }
    assert.ok(
      found.some((words) => law.test(words)),
      `${found.slice(0, 3)}`,
    );
  });
}
