/** Ratios are taken within rounds, before any median. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { median, medianInterval, pairedRatio } from "../src/statistics.ts";

test("the median of an even number of values lies between the two in the middle", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([9, 1, 5]), 5);
  assert.ok(Number.isNaN(median([])));
});

test("a drift that both members of a pair share does not change their ratio", () => {
  const ratio = pairedRatio([10, 100, 1000], [20, 200, 2000]);
  assert.deepEqual(ratio, { median: 0.5, lowest: 0.5, highest: 0.5 });
});

test("a round that lacks one of the two is left out", () => {
  assert.deepEqual(pairedRatio([1, undefined, 3], [2, 2, undefined]), {
    median: 0.5,
    lowest: 0.5,
    highest: 0.5,
  });
  assert.equal(pairedRatio([undefined], [1]), undefined);
});

test("the interval of a median: the ranks of the tables, in any order, and none of too few values", () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => count - index);
  // Conover, Practical Nonparametric Statistics, for 95 %
  for (const [count, from, to] of [
    [6, 1, 6],
    [9, 2, 8],
    [10, 2, 9],
    [20, 6, 15],
    [30, 10, 21],
    [60, 22, 39],
  ] as const) {
    assert.deepEqual(medianInterval(upTo(count)), { from, to });
  }
  assert.equal(medianInterval(upTo(5)), undefined);
});

test("the interval holds the true median in 95 of 100 draws or more", () => {
  let state = 7;
  const chance = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let held = 0;
  for (let draw = 0; draw < 2000; draw++) {
    const interval = medianInterval(Array.from({ length: 60 }, () => chance() ** 3));
    if (interval && interval.from <= 0.125 && interval.to >= 0.125) held++;
  }
  assert.ok(held > 1880 && held < 1970, String(held));
});
