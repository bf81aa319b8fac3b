/** What `pnpm infra diff` says of two templates. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { differences } from "../differences.ts";

test("a line for each member that was added, taken away or changed", () => {
  const before = { a: { timeout: 60, gone: true }, list: ["x", "y"], same: [1] };
  const after = { a: { timeout: 120 }, list: ["y", "z"], same: [1], come: {} };
  assert.deepEqual(differences(before, after), [
    "~ a.timeout: 60 → 120",
    "- a.gone: true",
    '- list: "x"',
    '+ list: "z"',
    "+ come: {}",
  ]);
});

test("an order that has changed is told, and equal templates say nothing", () => {
  assert.deepEqual(differences({ list: [1, 2] }, { list: [2, 1] }), ["~ list: another order"]);
  assert.deepEqual(differences({ a: [{ b: 1 }] }, { a: [{ b: 1 }] }), []);
});
