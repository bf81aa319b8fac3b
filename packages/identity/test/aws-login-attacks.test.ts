/** The attack table of logins with a signed GetCallerIdentity. Challenges are the jobs service's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AwsLoginProof, type AwsLoginResult, newChallenge } from "@airlock/identity";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import {
  foreignProof,
  loginRig,
  proofOf,
  refusalOf,
  type SignedRequest,
} from "./aws-login-harness.ts";

const PROVEN_BUT_FOREIGN = {
  "the role of that name in a foreign account": ["foreignAccount", "403 account"],
  "a role whose name goes on after the allowed one": ["roleWithSuffix", "403 role"],
  "a role whose name ends in the allowed one": ["roleWithPrefix", "403 role"],
  "the allowed role in lower case": ["roleInLowerCase", "403 role"],
  "a session of the allowed role whose name has slashes": ["slashedSession", "403 principal"],
} as const;
for (const [name, [session, expected]] of Object.entries(PROVEN_BUT_FOREIGN)) {
  test(`${name} is refused`, async (t) => {
    const { login } = await loginRig(t);
    const result = await login.verify(proofOf(KNOWN_SESSIONS[session]));
    assert.equal(refusalOf(result), expected);
    assert.ok(!result.ok);
    assert.equal(result.arn, KNOWN_SESSIONS[session].arn, "the audit line says who it was");
    assert.doesNotMatch(result.detail, /\d{12}|arn:/);
  });
}

test("a foreign account is not told the role", async (t) => {
  const { login } = await loginRig(t);
  const result = await login.verify(proofOf(KNOWN_SESSIONS.foreignAccount));
  assert.ok(!result.ok);
  assert.doesNotMatch(result.detail, /SSOCloudDevGpuReservation/);
});

const SIGNED_SOMETHING_ELSE: Record<string, (request: SignedRequest) => void> = {
  "whose server id is not signed": ({ headers }) => delete headers["x-airlock-server-id"],
  "whose challenge is not signed": ({ headers }) => delete headers["x-airlock-challenge"],
  "signed for another server": ({ headers }) => {
    headers["x-airlock-server-id"] = "evil.example.com";
  },
  "signed for another challenge": ({ headers }) => {
    headers["x-airlock-challenge"] = newChallenge();
  },
  "signed for another host": (request) => {
    request.host = "sts.us-east-1.amazonaws.com";
  },
  "signed for the global host": (request) => {
    request.host = "sts.amazonaws.com";
  },
  "signed for another action": (request) => {
    request.body = "Action=GetSessionToken&Version=2011-06-15";
  },
  "signed with duplicate parameters": (request) => {
    request.body = "Action=GetCallerIdentity&Version=2011-06-15&Action=GetSessionToken";
  },
  "signed for an answer in XML": ({ headers }) => {
    headers.accept = "text/xml";
  },
  "with a further signed header": ({ headers }) => {
    headers["x-amz-target"] = "Other";
  },
};
for (const [name, change] of Object.entries(SIGNED_SOMETHING_ELSE)) {
  test(`a proof ${name} is refused`, async (t) => {
    const { login } = await loginRig(t);
    assert.equal(refusalOf(await login.verify(await foreignProof(change))), "401 signature");
  });
}

test("a proof for another region than its signature's is refused", async (t) => {
  const { login } = await loginRig(t);
  const result = await login.verify({ ...proofOf(), region: "us-east-1" });
  assert.equal(refusalOf(result), "401 signature");
});

test("a proof with the token of somebody else's session is refused", async (t) => {
  const { login } = await loginRig(t);
  const { sessionToken } = KNOWN_SESSIONS.otherGpuUser;
  const result = await login.verify({ ...proofOf(), session_token: sessionToken });
  assert.equal(refusalOf(result), "401 unknown_key");
});

const { session_token: token = "" } = proofOf();
const NOT_EXPRESSIBLE: Record<string, object> = {
  "a CRLF in the token": { session_token: `${token}\r\nhost: evil.example.com` },
  "a line feed at the token's end": { session_token: `${token}\n` },
  "a CRLF in the challenge": { challenge: `${newChallenge()}\r\nx-a: b` },
  "a CRLF in the date": { date: "20260115T163000Z\r\nx-a: b" },
  "a second credential in the key id": {
    access_key_id: `${KNOWN_SESSIONS.gpuUser.accessKeyId}/20260115/eu-west-1/sts/aws4_request, Credential=x`,
  },
  "a second signature": { signature: `${"0".repeat(64)}, Signature=${"0".repeat(64)}` },
  "a host for a region": { region: "eu-west-1.amazonaws.com.evil.example.com/" },
  "a region of no partition": { region: "eu-west-99" },
  "a member of every object for a region": { region: "constructor" },
  "a host of its own": { host: "evil.example.com" },
  "an URL of its own": { url: "https://evil.example.com/" },
  "headers of its own": { headers: { host: "evil.example.com" } },
  "a body of its own": { body: "Action=GetSessionToken" },
  "a field twice": { signature: ["0".repeat(64), "1".repeat(64)] },
};
for (const [name, change] of Object.entries(NOT_EXPRESSIBLE)) {
  test(`a proof with ${name} is refused before STS is asked`, async (t) => {
    const { aws, login } = await loginRig(t);
    const proof = { ...proofOf(), ...change };
    assert.equal(AwsLoginProof.safeParse(proof).success, false);
    assert.equal(refusalOf(await login.verify(proof)), "401 malformed");
    assert.equal(aws.calls.counts().total, 0);
  });
}

test("a proof of another partition is refused before STS is asked, and told which one is taken", async (t) => {
  const { aws, login } = await loginRig(t);
  const result = await login.verify(proofOf(undefined, { region: "cn-north-1" }));
  assert.equal(refusalOf(result), "401 malformed");
  assert.equal(
    "detail" in result && result.detail,
    "Invalid AWS credentials: cn-north-1 is of the partition aws-cn; log in with a region of aws.",
  );
  assert.equal(aws.calls.counts().total, 0);
});

test("an identity of another partition than the region's is refused", async (t) => {
  const { login } = await loginRig(t, { partition: "aws-cn" });
  const result = await login.verify(proofOf(undefined, { region: "cn-north-1" }));
  assert.equal(refusalOf(result), "403 principal");
});

for (const minutes of [-6, 6]) {
  test(`a proof signed ${minutes} minutes from now is refused before STS is asked`, async (t) => {
    const { aws, login } = await loginRig(t);
    const now = new Date(Date.now() + minutes * 60_000);
    assert.equal(refusalOf(await login.verify(proofOf(undefined, { now }))), "401 clock");
    assert.equal(aws.calls.counts().total, 0);
  });
}

test("a date that is none is refused before STS is asked", async (t) => {
  const { aws, login } = await loginRig(t);
  const result = await login.verify({ ...proofOf(), date: "20261399T996199Z" });
  assert.equal(refusalOf(result), "401 clock");
  assert.equal(aws.calls.counts().total, 0);
});

for (const how of ["redirect", "oversized", "xmlInJson"] as const) {
  test(`nobody is let in on an answer that is ${how}`, async (t) => {
    const { aws, login } = await loginRig(t);
    aws.faults.set([{ kind: "badIdentity", how, count: 1 }]);
    assert.equal(refusalOf(await login.verify(proofOf())), "503 sts_answer");
    assert.equal(aws.calls.counts().total, 1);
  });
}

for (const [name, fault] of Object.entries({
  down: { kind: "stsDown" },
  "resetting connections": { kind: "stsDown", how: "reset" },
  throttling: { kind: "throttle", service: "sts" },
  failing: { kind: "error500", service: "sts" },
  silent: { kind: "hang", service: "sts" },
} as const)) {
  test(`while STS is ${name} there is no verdict`, async (t) => {
    const { aws, login } = await loginRig(t, { timeoutMs: 300 });
    aws.faults.set([fault]);
    const startedMs = performance.now();
    const result = await login.verify(proofOf());
    assert.equal(refusalOf(result), "503 sts_unavailable");
    assert.ok(performance.now() - startedMs < 1500, "five times what was promised");
    aws.faults.clear();
    assert.equal((await login.verify(proofOf())).ok, true);
  });
}

test("while there is no STS there is no verdict", async (t) => {
  const { login } = await loginRig(t, { endpoint: "http://127.0.0.1:9" });
  const result = await login.verify(proofOf());
  assert.equal(refusalOf(result), "503 sts_unavailable");
});

test("no result holds a key, a token or a signature", async (t) => {
  const { aws, login } = await loginRig(t);
  const { secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const proof = proofOf();
  const results: AwsLoginResult[] = [
    await login.verify(proof),
    await login.verify({ ...proof, signature: "0".repeat(64) }),
    await login.verify({ ...proof, session_token: `${sessionToken}\r\n` }),
    await login.verifyKeys({ ...KNOWN_SESSIONS.gpuUser, sessionToken: "short" }, "eu-west-1"),
  ];
  aws.faults.set([{ kind: "stsDown", how: "reset" }]);
  results.push(await login.verify(proof));
  const said = JSON.stringify(results);
  for (const secret of [secretAccessKey, sessionToken, proof.signature]) {
    assert.ok(!said.includes(secret));
  }
});
