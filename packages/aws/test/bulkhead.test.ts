/** The queue in front of an AWS service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemError } from "@airlock/contract";
import { Bulkhead } from "../src/bulkhead.ts";
import { startReadyRig, until } from "./harness.ts";

const codeOf = (error: unknown) => (error instanceof ProblemError ? error.code : String(error));

test("20 run, 50 wait, the next is refused at once", async () => {
  const bulkhead = new Bulkhead();
  const leaves = await Promise.all(
    Array.from({ length: 20 }, () => bulkhead.enter(1000, undefined)),
  );
  const waiting = Array.from({ length: 50 }, () => bulkhead.enter(60_000, undefined));
  await assert.rejects(bulkhead.enter(1000, undefined), (error) => codeOf(error) === "overloaded");
  assert.deepEqual([bulkhead.running, bulkhead.waiting], [20, 50]);
  for (const leave of leaves) leave();
  const admitted = await Promise.all(waiting.slice(0, 20));
  assert.deepEqual([bulkhead.running, bulkhead.waiting], [20, 30]);
  for (const leave of admitted) leave();
  for (const entry of waiting.slice(20)) (await entry)();
  assert.deepEqual([bulkhead.running, bulkhead.waiting], [0, 0]);
});

test("who waits too long, or leaves, gives up its place in the queue", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const bulkhead = new Bulkhead();
  for (let i = 0; i < 20; i++) await bulkhead.enter(1000, undefined);
  const controller = new AbortController();
  const late = bulkhead.enter(500, undefined);
  const left = bulkhead.enter(500, controller.signal);
  controller.abort(new Error("gone"));
  await assert.rejects(left, /gone/);
  t.mock.timers.tick(500);
  await assert.rejects(late, (error) => codeOf(error) === "overloaded");
  assert.deepEqual([bulkhead.running, bulkhead.waiting], [20, 0]);
});

test("a hung S3 takes its own places only: SSM answers, and S3's overflow is refused fast", async (t) => {
  const { aws, local } = await startReadyRig(t);
  local.faults.set([{ kind: "slow", service: "s3", delayMs: 900 }]);
  const lists = Array.from({ length: 100 }, () =>
    aws.objects.list("airlock-data-dev", { prefix: "" }).then(
      () => "ok",
      (error: unknown) => codeOf(error),
    ),
  );
  await until(() => aws.queues.s3.waiting > 0);
  assert.equal((await aws.parameters.get("my-parameter")).value.value, "a root-level value");
  const outcomes = await Promise.all(lists);
  const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
  assert.ok(count("ok") >= 20, outcomes.join());
  assert.ok(count("overloaded") >= 30, outcomes.join());
  assert.equal(count("ok") + count("overloaded"), 100);
  assert.deepEqual([aws.queues.s3.running, aws.queues.s3.waiting], [0, 0]);
});
