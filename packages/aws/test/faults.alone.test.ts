/** What callers get when AWS misbehaves: errors of ours, in time, without a word of AWS's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PLAIN_FORM, problemOf, startReadyRig, startRig, until } from "./harness.ts";

for (const [fault, code, status] of [
  [{ kind: "throttle", service: "ssm" }, "aws_throttled", 503],
  [{ kind: "error500", service: "ssm" }, "aws_error", 502],
  [{ kind: "hang", service: "ssm" }, "aws_timeout", 504],
  [{ kind: "reset", service: "ssm" }, "aws_error", 502],
] as const) {
  test(`SSM ${fault.kind} is ${status} ${code}`, async (t) => {
    const { aws, local } = await startReadyRig(t);
    local.faults.set([fault]);
    const startedAt = performance.now();
    const problem = await problemOf(aws.parameters.get("my-parameter"));
    assert.equal(problem.code, code, String(problem.cause));
    assert.equal(problem.status, status);
    assert.ok(performance.now() - startedAt < 5 * 1200);
    assert.doesNotMatch(problem.message, /arn:|\d{12}|Exception/);
  });
}

test("S3 SlowDown is 503 with Retry-After", async (t) => {
  const { aws, local } = await startReadyRig(t);
  local.faults.set([{ kind: "slowDown" }]);
  const problem = await problemOf(aws.buckets.list());
  assert.equal(problem.code, "aws_throttled");
  assert.ok(problem.headers["retry-after"]);
});

test("an unknown parameter is 404, and tells nothing of AWS", async (t) => {
  const { aws } = await startReadyRig(t);
  const problem = await problemOf(aws.parameters.get("/airlock/dev/nothing"));
  assert.equal(problem.code, "parameter_not_found");
});

test("one throttled answer is retried within the deadline", async (t) => {
  const { aws, local } = await startReadyRig(t);
  local.faults.set([{ kind: "throttle", service: "ssm", count: 1 }]);
  assert.equal((await aws.parameters.get("my-parameter")).value.value, "a root-level value");
});

test("every first failure is retried, however many there were before", async (t) => {
  const { aws, local } = await startReadyRig(t, {
    ...PLAIN_FORM,
    CACHE_FRESH_SECONDS: "0",
    SSM_CALLS_PER_SECOND: "10000",
  });
  for (let i = 0; i < 120; i++) {
    local.faults.set([{ kind: "error500", service: "ssm", count: 1 }]);
    assert.equal((await aws.parameters.get("my-parameter")).cache, "miss");
  }
  assert.equal(local.calls.counts().byOperation["ssm.GetParameters"], 240);
});

test("a failure is retried once, not twice", async (t) => {
  const { aws, local } = await startReadyRig(t);
  local.faults.set([{ kind: "error500", service: "ssm" }]);
  assert.equal((await problemOf(aws.parameters.get("my-parameter"))).code, "aws_error");
  assert.equal(local.calls.counts().byOperation["ssm.GetParameters"], 2);
});

test("a clock that is ten minutes off is corrected, for STS and for the services", async (t) => {
  const { aws } = await startRig(t, PLAIN_FORM, (local) =>
    local.faults.set([{ kind: "clockSkewSeconds", seconds: 600 }]),
  );
  await until(() => aws.session.isValid());
  assert.equal((await aws.parameters.get("my-parameter")).value.value, "a root-level value");
  const left = aws.session.secondsLeft();
  assert.ok(left > 3500 && left <= 3601, `${left} s left by the local clock`);
});

test("a caller who leaves aborts the call", async (t) => {
  const { aws, local } = await startReadyRig(t);
  local.faults.set([{ kind: "hang", service: "ssm" }]);
  const controller = new AbortController();
  const call = problemOf(aws.parameters.get("my-parameter", { signal: controller.signal }));
  const startedAt = performance.now();
  setTimeout(() => controller.abort(), 50);
  await call;
  assert.ok(performance.now() - startedAt < 1000);
});

test("STS down at start: calls fail at once with credentials_unavailable, then it recovers", async (t) => {
  const { aws, local, outcomes } = await startRig(t, PLAIN_FORM, (standIn) =>
    standIn.faults.set([{ kind: "stsDown" }]),
  );
  const startedAt = performance.now();
  const problem = await problemOf(aws.parameters.get("my-parameter"));
  assert.equal(problem.code, "credentials_unavailable");
  assert.equal(problem.status, 503);
  assert.ok(performance.now() - startedAt < 500, "did not wait for STS");
  await until(() => outcomes.some((outcome) => outcome.startsWith("sts.")));
  local.faults.clear();
  await until(() => aws.session.isValid());
  assert.ok(await aws.parameters.get("my-parameter"));
  // the first two run side by side
  assert.deepEqual(outcomes.toSorted(), [
    "ssm.GetParameters credentials_unavailable",
    "ssm.GetParameters ok",
    "sts.AssumeRole aws_throttled",
    "sts.AssumeRole ok",
  ]);
});

test("short sessions are renewed under load without a failed call", async (t) => {
  const { aws, local } = await startRig(t, PLAIN_FORM, (standIn) =>
    standIn.faults.set([{ kind: "sessionSeconds", seconds: 6 }]),
  );
  await until(() => aws.session.isValid());
  const end = Date.now() + 9000;
  let calls = 0;
  while (Date.now() < end) {
    const list = () => aws.objects.list("airlock-data-dev", { prefix: "" });
    await Promise.all(Array.from({ length: 5 }, list));
    calls += 5;
    await sleep(10);
  }
  const sessions = local.calls.counts().byOperation["sts.AssumeRole"] ?? 0;
  t.diagnostic(`${calls} calls, ${sessions} sessions`);
  assert.ok(calls > 50 && sessions >= 2 && sessions <= 4, `${calls} calls, ${sessions} sessions`);
});

test("no secret of a session reaches log or report", async (t) => {
  const { aws, local, logged } = await startReadyRig(t);
  local.faults.set([{ kind: "stsDown" }]);
  const { secretAccessKey, sessionToken } = aws.session.credentials();
  const told = JSON.stringify([logged, aws.session.report()]);
  assert.ok(sessionToken);
  assert.ok(!told.includes(secretAccessKey) && !told.includes(sessionToken));
});
