/** Ratios are taken within rounds, before any median. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { median, pairedRatio } from "../src/statistics.ts";

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
