/** The queue in front of an AWS service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemError } from "@airlock/contract";
import { Lane } from "../src/bulkhead.ts";
import { LANES } from "../src/classes.ts";
import { startReadyRig, until } from "./harness.ts";

const KEY = "reports/2026/details.csv";
const problemOrBody = (work: Promise<unknown>) => work.catch((problem: unknown) => problem);
const codeOf = (error: unknown) => (error instanceof ProblemError ? error.code : String(error));

test("20 run, 50 wait, the next is refused at once", async () => {
  const lane = new Lane(LANES.list);
  const leaves = await Promise.all(Array.from({ length: 20 }, () => lane.enter(1000, undefined)));
  const waiting = Array.from({ length: 50 }, () => lane.enter(60_000, undefined));
  await assert.rejects(lane.enter(1000, undefined), (error) => codeOf(error) === "overloaded");
  assert.deepEqual([lane.running, lane.waiting], [20, 50]);
  for (const leave of leaves) leave();
  const admitted = await Promise.all(waiting.slice(0, 20));
  assert.deepEqual([lane.running, lane.waiting], [20, 30]);
  for (const leave of admitted) leave();
  for (const entry of waiting.slice(20)) (await entry)();
  assert.deepEqual([lane.running, lane.waiting], [0, 0]);
});

test("who waits too long, or leaves, gives up its place in the queue", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const lane = new Lane(LANES.list);
  for (let i = 0; i < 20; i++) await lane.enter(1000, undefined);
  const controller = new AbortController();
  const late = lane.enter(500, undefined);
  const left = lane.enter(500, controller.signal);
  controller.abort(new Error("gone"));
  await assert.rejects(left, /gone/);
  t.mock.timers.tick(500);
  await assert.rejects(late, (error) => codeOf(error) === "overloaded");
  assert.deepEqual([lane.running, lane.waiting], [20, 0]);
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

test("one caller runs and waits in half of the places at most; those who wait take turns", async () => {
  const lane = new Lane({ running: 4, waiting: 6 });
  const leaves = [
    await lane.enter(1000, undefined, "noisy"),
    await lane.enter(1000, undefined, "noisy"),
  ];
  const admitted: string[] = [];
  const wait = (caller: string) =>
    lane.enter(60_000, undefined, caller).then((leave) => {
      admitted.push(caller);
      return leave;
    });
  const noisy = [wait("noisy"), wait("noisy"), wait("noisy")];
  await assert.rejects(
    lane.enter(1000, undefined, "noisy"),
    (error) => codeOf(error) === "overloaded",
  );
  await Promise.all([wait("polite"), wait("another")]);
  assert.deepEqual([lane.running, lane.waiting], [4, 3], "there was room for others all the time");
  const third = wait("third");
  for (const leave of leaves) leave();
  (await noisy[0])?.();
  (await third)();
  (await noisy[1])?.();
  await noisy[2];
  assert.deepEqual(admitted.slice(0, 5), ["polite", "another", "noisy", "third", "noisy"]);
});

test("twenty lists that take long hold up no small object, of the same caller or another", async (t) => {
  const { aws, local } = await startReadyRig(t);
  local.faults.set([{ kind: "slow", operation: "ListObjectsV2", service: "s3", delayMs: 3000 }]);
  const lists = Array.from({ length: 40 }, () =>
    problemOrBody(aws.objects.list("airlock-data-dev", { prefix: "" }, { caller: "noisy" })),
  );
  await until(() => aws.queues.s3.running >= 10);
  for (const caller of ["noisy", "polite"]) {
    const { status } = await aws.objects.open("HEAD", "airlock-data-dev", KEY, {}, { caller });
    assert.equal(status, 200);
  }
  local.faults.clear();
  const other = aws.objects.list("airlock-data-dev", { prefix: "" }, { caller: "polite" });
  assert.ok((await other).objects.length > 0, "and there is room for another's list");
  await Promise.all(lists);
});
