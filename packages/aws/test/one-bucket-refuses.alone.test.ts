/** One bucket that refuses the session while others take it: that bucket is 403, and the session as good as it was. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LOCAL_AWS } from "@airlock/local-aws";
import { PLAIN_FORM, problemOf, type Rig, startReadyRig, until } from "./harness.ts";
import { bytesOf } from "./s3-harness.ts";

const UNCACHED = { CACHE_FRESH_SECONDS: "0", SSM_CALLS_PER_SECOND: "10000" };
const ODD = "of-another-partition";

async function startWithOddBucket(t: TestContext, env = PLAIN_FORM): Promise<Rig> {
  const rig = await startReadyRig(t, { ...env, ...UNCACHED });
  for (const bucket of [ODD, "good"]) rig.local.objects.put({ bucket, key: "key", body: "x" });
  return rig;
}

const read = async ({ aws }: Rig, bucket: string) =>
  String(await bytesOf((await aws.objects.open("GET", bucket, "key", {})).body));

const refuse = ({ local }: Rig, code: string) =>
  local.faults.set([{ kind: "refuse", service: "s3", code, resource: `${ODD}*` }]);

const assumed = ({ local }: Rig) => local.calls.counts().byOperation["sts.AssumeRole"] ?? 0;

/** The session after each of 20 rounds in which the odd bucket and others are asked by turns. */
async function manyRounds(rig: Rig): Promise<{ states: string[]; codes: string[] }> {
  const states: string[] = [];
  const codes: string[] = [];
  for (let i = 0; i < 20; i++) {
    codes.push((await problemOf(read(rig, ODD))).code);
    states.push(rig.aws.session.report().state);
    await rig.aws.parameters.get("my-parameter");
    assert.equal(await read(rig, "good"), "x");
  }
  return { states, codes };
}

for (const code of ["InvalidToken", "InvalidAccessKeyId"]) {
  test(`a bucket that has always answered ${code} never makes the session look bad`, async (t) => {
    const rig = await startWithOddBucket(t);
    refuse(rig, code);
    await rig.aws.parameters.get("my-parameter");
    const { states, codes } = await manyRounds(rig);
    assert.deepEqual(new Set(states), new Set(["valid"]));
    assert.deepEqual(new Set(codes.slice(1)), new Set(["access_denied"]));
    assert.equal(assumed(rig), 2, "whether it was the session was found out once");
    assert.ok(!rig.logged.some((line) => line.startsWith("AWS refuses")), String(rig.logged));
  });
}

for (const code of ["InvalidToken", "ExpiredToken"]) {
  test(`a bucket that was read and answers ${code} from now on looks like the session once at most`, async (t) => {
    const rig = await startWithOddBucket(t);
    assert.equal(await read(rig, ODD), "x");
    refuse(rig, code);
    const { states, codes } = await manyRounds(rig);
    assert.ok(states.filter((state) => state !== "valid").length <= 1, String(states));
    assert.ok(codes.filter((one) => one !== "access_denied").length <= 2, String(codes));
    assert.equal(rig.aws.session.isValid(), true);
    assert.ok(assumed(rig) <= 3, `${assumed(rig)} sessions`);

    rig.local.faults.clear();
    assert.equal(await read(rig, ODD), "x", "it is asked each time, and may think better of it");
    rig.local.sessions.revoke("expired");
    rig.local.faults.set([{ kind: "stsDown" }]);
    assert.equal((await problemOf(read(rig, ODD))).code, "credentials_unavailable");
    assert.equal(rig.aws.session.isValid(), false, "then it is believed again");
  });
}

test("lasting credentials that one bucket does not know stay valid, though there are no others to show it", async (t) => {
  const { AWS_ROLE_ARN: _, ...lasting } = PLAIN_FORM;
  const rig = await startWithOddBucket(t, lasting);
  refuse(rig, "InvalidAccessKeyId");
  // who is denied something has been recognised
  assert.equal((await problemOf(rig.aws.parameters.get("my-parameter"))).code, "access_denied");
  for (let i = 0; i < 5; i++) {
    assert.equal((await problemOf(read(rig, ODD))).code, "credentials_unavailable");
    assert.equal(rig.aws.session.isValid(), true);
  }
});

test("who is told of a revoked session by a bucket never read before is answered by the next one", async (t) => {
  const rig = await startWithOddBucket(t);
  await rig.aws.parameters.get("my-parameter");
  rig.local.sessions.revoke("unknown");
  assert.equal(await read(rig, "good"), "x");
  assert.equal(assumed(rig), 2);
});

test("a bucket refuses for the session as long as nobody takes it, however often others took older ones", async (t) => {
  const rig = await startWithOddBucket(t);
  assert.equal(await read(rig, ODD), "x");
  for (const as of ["expired", "unknown"] as const) {
    rig.local.sessions.revoke(as);
    rig.local.faults.set([{ kind: "stsDown" }]);
    assert.equal((await problemOf(read(rig, ODD))).code, "credentials_unavailable");
    assert.equal(rig.aws.session.isValid(), false, as);
    rig.local.faults.clear();
    await until(() => rig.aws.session.isValid());
    assert.equal(await read(rig, ODD), "x");
  }
});

test("a region that is closed tells nothing for the session that others refuse", async (t) => {
  const rig = await startWithOddBucket(t);
  rig.local.buckets.place({ bucket: "closed", region: LOCAL_AWS.closedRegion });
  await rig.aws.buckets.list(); // which tells the regions
  rig.local.sessions.revoke("unknown");
  rig.local.faults.set([{ kind: "stsDown" }]);
  await problemOf(rig.aws.parameters.get("/airlock/dev/database/host"));
  assert.equal((await problemOf(read(rig, "closed"))).code, "access_denied");
  assert.equal(rig.aws.session.isValid(), false);
});

for (const [service, code] of [
  ["ssm", "UnrecognizedClientException"],
  ["ssm", "ExpiredTokenException"],
  ["s3", "InvalidToken"],
  ["s3", "ExpiredToken"],
] as const) {
  test(`${service} answers ${code} alone: 503 and never 403, what is known is served, and the other shows that the session is good`, async (t) => {
    const rig = await startReadyRig(t, { ...PLAIN_FORM, CACHE_FRESH_SECONDS: "0" });
    rig.local.objects.put({ bucket: "good", key: "key", body: "x" });
    const name = "/airlock/dev/database/host";
    const value = () => rig.aws.parameters.get(name);
    await Promise.all([value(), read(rig, "good"), rig.aws.buckets.list()]);
    rig.local.faults.set([{ kind: "refuse", service, code }]);
    const states: string[] = [];
    for (let i = 0; i < 10; i++) {
      const refused =
        service === "s3" ? read(rig, "good") : rig.aws.parameters.get(`/airlock/dev/none-${i}`);
      assert.equal((await problemOf(refused)).code, "credentials_unavailable");
      if (service === "ssm") assert.equal((await value()).cache, "stale");
      await (service === "s3" ? rig.aws.parameters.list({ revalidate: true }) : read(rig, "good"));
      states.push(rig.aws.session.report().state);
    }
    assert.deepEqual(new Set(states.slice(1)), new Set(["valid"]));
    assert.ok(assumed(rig) <= 3, `${assumed(rig)} sessions`);
    rig.local.faults.clear();
    assert.equal(await read(rig, "good"), "x");
    assert.equal((await rig.aws.parameters.get("my-parameter")).cache, "miss");
  });
}
