/** What each client has: exact, and forgotten once it is nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientCounts } from "../src/client-counts.ts";

test("a hundred thousand clients that come and go leave no more than a sweep lets stand", () => {
  const counts = new ClientCounts();
  for (let n = 0; n < 10; n++) counts.enter("stays");
  for (let n = 0; n < 100_000; n++) {
    counts.enter(`client ${n}`);
    counts.leave(`client ${n}`);
    assert.ok(counts.size <= 1025, `${counts.size} after ${n}`);
  }
  assert.equal(counts.of("stays"), 10);
  assert.equal(counts.of("client 99999"), 0);
});

test("who has something is never forgotten, however many there are", () => {
  const counts = new ClientCounts();
  for (let n = 0; n < 5000; n++) counts.enter(`client ${n}`);
  for (let n = 0; n < 5000; n++) assert.equal(counts.of(`client ${n}`), 1);
  for (let n = 0; n < 5000; n++) counts.leave(`client ${n}`);
  counts.enter("one more");
  for (let n = 0; n < 10_000; n++) counts.enter(`other ${n}`);
  assert.equal(counts.of("client 1"), 0);
  assert.ok(counts.size <= 10_001, String(counts.size));
});
