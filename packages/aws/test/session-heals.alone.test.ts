/** A session comes back by itself: from clocks that are set, refusals, and whatever STS does, on real parts. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LOCAL_AWS } from "@airlock/local-aws";
import {
  PLAIN_FORM,
  problemOf,
  type Rig,
  startReadyRig,
  startRig,
  tokenFile,
  until,
} from "./harness.ts";

const HOUR_MS = 3_600_000;
const UNCACHED = { CACHE_FRESH_SECONDS: "0", SSM_CALLS_PER_SECOND: "10000" };

/** The clock of this machine, which the test sets; the stand-in was started with the true one. */
function machineClock(t: TestContext): { set(aheadMs: number): void } {
  const trueNow = Date.now;
  let aheadMs = 0;
  t.mock.method(Date, "now", () => trueNow() + aheadMs);
  return {
    set(ms) {
      aheadMs = ms;
    },
  };
}

/** Reads of every kind, side by side. */
async function readAll({ aws }: Rig): Promise<void> {
  const names = ["my-parameter", "/airlock/dev/database/host", "/airlock/dev/database/port"];
  const value = (i: number) => aws.parameters.get(names[i % names.length] ?? "");
  const head = () => aws.objects.open("HEAD", "airlock-data-dev", "readme.txt", {});
  await Promise.all([
    ...Array.from({ length: 6 }, (_, i) => value(i)),
    ...Array.from({ length: 2 }, () => aws.buckets.list({ revalidate: true })),
    ...Array.from({ length: 4 }, head),
    aws.parameters.list({ revalidate: true }),
  ]);
}

const assumed = ({ local }: Rig): number => {
  const { byOperation } = local.calls.counts();
  const operations = ["sts.AssumeRole", "sts.AssumeRoleWithWebIdentity"];
  return operations.reduce((sum, operation) => sum + (byOperation[operation] ?? 0), 0);
};

for (const form of ["plain", "web identity"] as const) {
  const envOf = async (t: TestContext) =>
    form === "plain"
      ? { ...PLAIN_FORM, ...UNCACHED }
      : {
          ...UNCACHED,
          AWS_WEB_IDENTITY_TOKEN_FILE: await tokenFile(t),
          AWS_ROLE_ARN: LOCAL_AWS.webIdentityRoleArn,
        };

  test(`${form}: a clock set by +2 h, to −1 h and back costs no request, and renews the session`, async (t) => {
    const clock = machineClock(t);
    const rig = await startReadyRig(t, await envOf(t));
    let sessions = 1;
    for (const aheadMs of [2 * HOUR_MS, -HOUR_MS, 0]) {
      clock.set(aheadMs);
      await readAll(rig);
      assert.equal(rig.aws.session.isValid(), true);
      sessions++;
      await until(() => assumed(rig) >= sessions);
      await readAll(rig);
      const left = rig.aws.session.secondsLeft();
      assert.ok(left > 3590 && left <= 3600, `${left} s left at ${aheadMs} ms`);
      assert.equal(rig.aws.session.report().refresh_failures, 0);
    }
    assert.ok(!rig.outcomes.some((outcome) => !outcome.endsWith(" ok")), String(rig.outcomes));
  });

  test(`${form}: a clock that is wrong at the start is of no matter`, async (t) => {
    for (const aheadMs of [2 * HOUR_MS, -HOUR_MS]) {
      machineClock(t).set(aheadMs);
      const rig = await startReadyRig(t, await envOf(t));
      await readAll(rig);
      const left = rig.aws.session.secondsLeft();
      assert.ok(left > 3590 && left <= 3600, `${left} s left at ${aheadMs} ms`);
      t.mock.restoreAll();
    }
  });

  for (const as of ["expired", "unknown"] as const) {
    test(`${form}: credentials revoked as ${as} are renewed once, and every read is answered`, async (t) => {
      const rig = await startReadyRig(t, await envOf(t));
      rig.local.sessions.revoke(as);
      await readAll(rig);
      assert.equal(assumed(rig), 2);
      assert.equal(rig.aws.session.report().state, "valid");
    });
  }
}

test("a presigned address is signed by AWS's clock at once when the machine's is set", async (t) => {
  const clock = machineClock(t);
  const rig = await startReadyRig(t);
  clock.set(2 * HOUR_MS);
  const options = { method: "GET", expiresInSeconds: 60 } as const;
  const { url } = await rig.aws.objects.presign("airlock-data-dev", "readme.txt", options);
  const answer = await fetch(url);
  assert.equal(answer.status, 200, await answer.text());
});

for (const [service, code] of [
  ["ssm", "ExpiredTokenException"],
  ["ssm", "UnrecognizedClientException"],
  ["s3", "ExpiredToken"],
  ["s3", "InvalidAccessKeyId"],
] as const) {
  test(`${code} from ${service} on every call: the session is not called valid, and comes back by itself`, async (t) => {
    const rig = await startReadyRig(t, { ...PLAIN_FORM, ...UNCACHED });
    const read = () =>
      service === "ssm" ? rig.aws.parameters.get("my-parameter") : rig.aws.buckets.list();
    rig.local.faults.set([{ kind: "refuse", service, code }]);
    const problem = await problemOf(read());
    assert.equal(problem.code, "credentials_unavailable");
    assert.ok(problem.headers["retry-after"]);
    assert.equal(rig.aws.session.report().state, "unavailable");
    assert.equal(rig.aws.session.secondsLeft(), 0);
    assert.equal(assumed(rig), 2);
    // what the other service answers shows that the session is good
    rig.local.faults.clear();
    await read();
    assert.equal(rig.aws.session.report().state, "valid");
    assert.ok(rig.logged.some((line) => line.startsWith("AWS refuses the credentials")));
  });
}

test("without another read the refused session is renewed, and is ready again", async (t) => {
  const rig = await startReadyRig(t, { ...PLAIN_FORM, ...UNCACHED });
  rig.local.faults.set([{ kind: "refuse", service: "ssm", code: "ExpiredTokenException" }]);
  await problemOf(rig.aws.parameters.get("my-parameter"));
  rig.local.faults.clear();
  await until(() => rig.aws.session.isValid());
});

test("refused while STS is down: 503 until it is back, then ready", async (t) => {
  const rig = await startReadyRig(t, { ...PLAIN_FORM, ...UNCACHED });
  rig.local.sessions.revoke("expired");
  rig.local.faults.set([{ kind: "stsDown" }]);
  const problem = await problemOf(rig.aws.parameters.get("my-parameter"));
  assert.equal(problem.code, "credentials_unavailable");
  assert.equal(rig.aws.session.isValid(), false);
  assert.ok(rig.aws.session.report().refresh_failures >= 1);
  rig.local.faults.clear();
  await until(() => rig.aws.session.isValid());
  await readAll(rig);
});

test("what AWS refuses for another reason says nothing of the session", async (t) => {
  const rig = await startReadyRig(t, { ...PLAIN_FORM, ...UNCACHED });
  for (const code of [
    "AccessDeniedException",
    "InvalidSignatureException",
    "ThrottlingException",
  ]) {
    rig.local.faults.set([{ kind: "refuse", service: "ssm", code }]);
    await problemOf(rig.aws.parameters.get("my-parameter"));
    assert.equal(rig.aws.session.isValid(), true, code);
  }
  assert.equal(assumed(rig), 1);
});

test("an STS that hangs is counted, and is asked again", async (t) => {
  const rig = await startRig(t, PLAIN_FORM, (local) =>
    local.faults.set([{ kind: "hang", service: "sts", count: 1 }]),
  );
  await until(() => rig.aws.session.isValid());
  assert.deepEqual(rig.outcomes, ["sts.AssumeRole aws_timeout", "sts.AssumeRole ok"]);
});
