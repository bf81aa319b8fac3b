/** One look for all who ask at the same time, never an older one than they asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLook } from "../src/look.ts";

test("who asks while somebody looks shares the next look, with all others", async () => {
  let begun = 0;
  let finish: (() => void)[] = [];
  const look = createLook(() => {
    const number = ++begun;
    return new Promise<number>((resolve) => {
      finish.push(() => resolve(number));
    });
  });
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((next) => setTimeout(next, 1));
  };
  const first = [look(), look()];
  await settle();
  assert.equal(begun, 1);
  const second = [look(), look(), look()];
  await settle();
  assert.equal(begun, 1, "one at a time");
  for (const end of finish.splice(0)) end();
  assert.deepEqual(await Promise.all(first), [1, 1]);
  finish = [];
  // after its rest
  while (begun < 2) await settle();
  for (const end of finish.splice(0)) end();
  assert.deepEqual(await Promise.all(second), [2, 2, 2]);
  assert.equal(begun, 2);
});

test("a look that fails fails for those who shared it alone", async () => {
  let isBroken = true;
  const look = createLook(async () => {
    if (isBroken) throw new Error("away");
    return "there";
  });
  const both = await Promise.allSettled([look(), look()]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  isBroken = false;
  assert.equal(await look(), "there");
});
