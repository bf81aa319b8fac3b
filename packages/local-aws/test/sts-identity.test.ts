// GetCallerIdentity as those ask it who verify somebody else's signature: in JSON, for people's sessions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KNOWN_SESSIONS, LOCAL_AWS, WRITER_SESSION } from "@airlock/local-aws";
import { ListBucketsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  DescribeParametersCommand,
  GetParameterCommand,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { refused, useBench } from "./harness.ts";

const bench = useBench();

for (const [name, session] of Object.entries(KNOWN_SESSIONS)) {
  if (session === KNOWN_SESSIONS.expired) continue;
  test(`the session ${name} is known from the start`, async () => {
    const identity = await bench.sts(session).send(new GetCallerIdentityCommand({}));
    assert.equal(identity.Arn, session.arn);
    assert.equal(identity.Account, session.arn.split(":")[4]);
    assert.match(identity.UserId ?? "", /^AROA\w+:[a-z]+[@-]example\.com$/);
  });
}

test("keys of people have AWS's lengths", () => {
  for (const { accessKeyId, secretAccessKey, sessionToken } of Object.values(KNOWN_SESSIONS)) {
    assert.match(accessKeyId, /^ASIA[A-Z0-9]{16}$/);
    assert.equal(secretAccessKey.length, 40);
    assert.match(sessionToken, /^[A-Za-z0-9+/=]{100,2048}$/);
  }
});

test("the session that has ended is ExpiredToken", async () => {
  const sts = bench.sts(KNOWN_SESSIONS.expired);
  await refused(sts.send(new GetCallerIdentityCommand({})), "ExpiredToken", 403);
});

test("people may do nothing but say who they are", async () => {
  const person = KNOWN_SESSIONS.gpuUser;
  await refused(bench.s3(person).send(new ListBucketsCommand({})), "AccessDenied", 403);
  const list = bench.ssm(person).send(new DescribeParametersCommand({}));
  await refused(list, "AccessDeniedException", 400);
  const assume = { RoleArn: LOCAL_AWS.roleArn, RoleSessionName: "more" };
  await refused(bench.sts(person).send(new AssumeRoleCommand(assume)), "AccessDenied", 403);
});

test("the writer's session is known from the start, and may put parameters and objects", async () => {
  const { Arn } = await bench.sts(WRITER_SESSION).send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, WRITER_SESSION.arn);
  const parameter = { Name: "/mine/value", Value: "mine", Type: "String" } as const;
  await bench.ssm(WRITER_SESSION).send(new PutParameterCommand(parameter));
  const object = { Bucket: "airlock-data-dev", Key: "mine.txt", Body: "mine" };
  await bench.s3(WRITER_SESSION).send(new PutObjectCommand(object));
  const { Parameter } = await bench.ssm().send(new GetParameterCommand({ Name: "/mine/value" }));
  assert.equal(Parameter?.Value, "mine");
});

/** GetCallerIdentity with `accept: application/json`, signed like the rest by the SDK's own signer. */
async function askForJson(secretAccessKey = KNOWN_SESSIONS.gpuUser.secretAccessKey) {
  const answers: { status: number; type: string; body: unknown }[] = [];
  const sts = bench.sts({ ...KNOWN_SESSIONS.gpuUser, secretAccessKey });
  sts.middlewareStack.add(
    (next) => (step) => {
      (step.request as { headers: Record<string, string> }).headers.accept = "application/json";
      return next(step);
    },
    { step: "build" },
  );
  sts.middlewareStack.add(
    () => async (step) => {
      const { headers, body } = step.request as { headers: Record<string, string>; body: string };
      const answer = await fetch(bench.aws.url, { method: "POST", headers, body });
      const type = answer.headers.get("content-type") ?? "";
      answers.push({ status: answer.status, type, body: await answer.json() });
      throw new Error("has been read");
    },
    { step: "finalizeRequest", priority: "low" },
  );
  await assert.rejects(sts.send(new GetCallerIdentityCommand({})), /has been read/);
  const [answer] = answers;
  assert.ok(answer);
  return answer;
}

test("GetCallerIdentity answers JSON to whom accepts it", async () => {
  const answer = await askForJson();
  assert.deepEqual([answer.status, answer.type], [200, "application/json"]);
  const { GetCallerIdentityResponse } = answer.body as {
    GetCallerIdentityResponse: { ResponseMetadata: { RequestId: string } };
  };
  const { RequestId } = GetCallerIdentityResponse.ResponseMetadata;
  assert.match(RequestId, /^[0-9a-f-]{36}$/);
  assert.deepEqual(GetCallerIdentityResponse, {
    GetCallerIdentityResult: {
      Account: "111122223333",
      Arn: KNOWN_SESSIONS.gpuUser.arn,
      UserId: "AROAEXAMPLEGPUROLE001:alice@example.com",
    },
    ResponseMetadata: { RequestId },
  });
});

test("its errors are JSON too", async () => {
  const answer = await askForJson("x".repeat(40));
  assert.deepEqual([answer.status, answer.type], [403, "application/json"]);
  const { Error: error } = answer.body as { Error: { Code: string; Type: string } };
  assert.deepEqual([error.Code, error.Type], ["SignatureDoesNotMatch", "Sender"]);
});

test("a bad answer to GetCallerIdentity is given as often as was asked for", async () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = "Action=GetCallerIdentity&Version=2011-06-15";
  const ask = (how?: "redirect" | "oversized" | "xmlInJson") => {
    if (how) bench.aws.faults.set([{ kind: "badIdentity", how, count: 1 }]);
    return fetch(bench.aws.url, { method: "POST", headers, body, redirect: "manual" });
  };
  const redirect = await ask("redirect");
  assert.deepEqual([redirect.status, redirect.headers.get("location")], [307, "/"]);
  assert.equal((await (await ask("oversized")).text()).length, 1024 * 1024);
  assert.match(await (await ask("xmlInJson")).text(), /<GetCallerIdentityResponse>/);
  assert.equal((await ask()).status, 403);
});
