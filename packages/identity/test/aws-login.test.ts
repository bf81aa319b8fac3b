/** Logins that succeed, what they send, and what a client learns where AWS says no. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import {
  createAwsLogin,
  hashChallenge,
  newChallenge,
  STS_REGIONS,
  usernameOf,
} from "@airlock/identity";
import { KNOWN_SESSIONS, LOCAL_AWS } from "@airlock/local-aws";
import {
  foreignProof,
  loginRig,
  proofOf,
  REGION,
  ROLE,
  refusalOf,
  SERVER_ID,
} from "./aws-login-harness.ts";

const { gpuUser } = KNOWN_SESSIONS;

test("a session of the allowed role is let in by account, role and session name", async (t) => {
  const { login } = await loginRig(t);
  const result = await login.verify(proofOf());
  assert.deepEqual(result, {
    ok: true,
    identity: {
      arn: "arn:aws:sts::111122223333:assumed-role/SSOCloudDevGpuReservation/alice@example.com",
      partition: "aws",
      account: "111122223333",
      role: ROLE,
      sessionName: "alice@example.com",
    },
  });
});

test("a proof signed by the AWS library is the same", async (t) => {
  const { login } = await loginRig(t);
  assert.equal((await login.verify(await foreignProof(() => {}))).ok, true);
});

test("any region of the partition will do", async (t) => {
  const { login } = await loginRig(t);
  for (const [region, { partition }] of STS_REGIONS) {
    const result = await login.verify(proofOf(gpuUser, { region }));
    if (partition === "aws") assert.equal(result.ok, true, region);
    else assert.equal(refusalOf(result), "401 malformed", region);
  }
});

test("keys that are handed over prove the same identity", async (t) => {
  const { login } = await loginRig(t);
  const result = await login.verifyKeys(gpuUser, REGION);
  assert.ok(result.ok);
  assert.equal(result.identity.sessionName, "alice@example.com");
});

test("keys that are wrong are refused in the seed's words", async (t) => {
  const { aws, login } = await loginRig(t);
  const details = async (change: Partial<typeof gpuUser>) => {
    const result = await login.verifyKeys({ ...gpuUser, ...change }, REGION);
    assert.ok(!result.ok);
    return [result.status, result.detail];
  };
  assert.deepEqual(await details({ accessKeyId: "ASIAEXAMPLENOBODYS00" }), [
    401,
    "Invalid AWS credentials",
  ]);
  assert.deepEqual(await details({ secretAccessKey: "x".repeat(40) }), [
    401,
    "AWS signature verification failed",
  ]);
  assert.deepEqual(await details({ sessionToken: `${gpuUser.sessionToken}\r\nx-a: b` }), [
    401,
    "Invalid AWS credentials",
  ]);
  aws.faults.set([{ kind: "clockSkewSeconds", seconds: 900 }]);
  assert.deepEqual(await details({}), [401, "AWS signature verification failed"]);
});

test("a session that has ended is refused with AWS's word for it", async (t) => {
  const { login } = await loginRig(t);
  const result = await login.verify(proofOf(KNOWN_SESSIONS.expired));
  assert.ok(!result.ok);
  assert.deepEqual(
    [result.status, result.reason, result.detail],
    [401, "expired_token", "AWS authentication failed: ExpiredToken"],
  );
});

test("an IAM user is proven and not allowed", async (t) => {
  const { login } = await loginRig(t);
  const { baseAccessKeyId: accessKeyId, baseSecretAccessKey: secretAccessKey } = LOCAL_AWS;
  const result = await login.verify(proofOf({ accessKeyId, secretAccessKey }));
  assert.equal(refusalOf(result), "403 principal");
  assert.ok(!result.ok);
  assert.equal(result.arn, LOCAL_AWS.baseUserArn);
});

test("what goes to STS is built here, and nothing else is in it", async (t) => {
  const seen: { line: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const sts = createServer(async (request, response) => {
    const { method, url, headers } = request;
    seen.push({ line: `${method} ${url}`, headers, body: await text(request) });
    response.writeHead(503).end();
  }).listen(0, "127.0.0.1");
  await once(sts, "listening");
  t.after(() => sts.close());
  const endpoint = `http://127.0.0.1:${(sts.address() as AddressInfo).port}`;
  const { login } = await loginRig(t, { endpoint });

  const proof = proofOf();
  assert.equal(refusalOf(await login.verify(proof)), "503 sts_unavailable");
  const signed =
    "accept;content-type;host;x-airlock-challenge;x-airlock-server-id;x-amz-date;x-amz-security-token";
  const credential = `${gpuUser.accessKeyId}/${proof.date.slice(0, 8)}/eu-west-1/sts/aws4_request`;
  assert.deepEqual(seen, [
    {
      line: "POST /",
      headers: {
        accept: "application/json",
        authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${proof.signature}`,
        connection: "keep-alive",
        "content-length": "43",
        "content-type": "application/x-www-form-urlencoded",
        host: "sts.eu-west-1.amazonaws.com",
        "x-airlock-challenge": proof.challenge,
        "x-airlock-server-id": SERVER_ID,
        "x-amz-date": proof.date,
        "x-amz-security-token": gpuUser.sessionToken,
      },
      body: "Action=GetCallerIdentity&Version=2011-06-15",
    },
  ]);
});

test("regional hosts are those of their partition", () => {
  const hostOf = (region: string) => STS_REGIONS.get(region)?.host;
  assert.equal(hostOf("us-east-1"), "sts.us-east-1.amazonaws.com");
  assert.equal(hostOf("cn-north-1"), "sts.cn-north-1.amazonaws.com.cn");
  assert.equal(hostOf("us-gov-west-1"), "sts.us-gov-west-1.amazonaws.com");
  assert.equal(hostOf("aws-global"), undefined);
});

test("a login that could let in the wrong ones is not made", () => {
  const good = { serverId: SERVER_ID, allowedAccounts: ["111122223333"], allowedRole: ROLE };
  for (const bad of [
    { allowedAccounts: [] },
    { allowedAccounts: ["*"] },
    { allowedAccounts: ["111122223333 "] },
    { allowedRole: "" },
    { allowedRole: `${ROLE}*` },
    { serverId: "" },
    { serverId: "gpu example" },
  ]) {
    assert.throws(() => createAwsLogin({ ...good, ...bad }), TypeError, JSON.stringify(bad));
  }
});

test("a user name keeps letters, digits, dots, underscores and dashes of the session name", () => {
  const name = (session: string) =>
    usernameOf(`arn:aws:sts::111122223333:assumed-role/${ROLE}/${session}`);
  assert.equal(name("alice@example.com"), "alice-example.com");
  assert.equal(name("a_b-c.d"), "a_b-c.d");
  assert.equal(name("a+=,b"), "a---b");
});

test("challenges are 256 bits of chance in base64url and stored as a hash", () => {
  const challenges = new Set(Array.from({ length: 1000 }, newChallenge));
  assert.equal(challenges.size, 1000);
  for (const challenge of challenges) {
    assert.equal(Buffer.from(challenge, "base64url").length, 32);
    assert.match(hashChallenge(challenge), /^[0-9a-f]{64}$/);
  }
});
