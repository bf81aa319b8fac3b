// AssumeRole and GetCallerIdentity through the real STS client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCAL_AWS } from "@airlock/local-aws";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { keysOf, refused, useBench } from "./harness.ts";

const bench = useBench();
const ask = { RoleArn: LOCAL_AWS.roleArn, RoleSessionName: "test-session" };

test("the base user is reported as an IAM user", async () => {
  const identity = await bench.sts().send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, LOCAL_AWS.baseUserArn);
  assert.equal(identity.Account, LOCAL_AWS.accountId);
  assert.match(identity.UserId ?? "", /^AIDA/);
});

test("an assumed role is reported as its session", async () => {
  const answer = await bench.sts().send(new AssumeRoleCommand(ask));
  const arn = "arn:aws:sts::111122223333:assumed-role/airlock-aux-role-dev/test-session";
  assert.equal(answer.AssumedRoleUser?.Arn, arn);
  const identity = await bench
    .sts(keysOf(answer.Credentials))
    .send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, arn);
  assert.equal(identity.UserId, answer.AssumedRoleUser?.AssumedRoleId);
  assert.match(identity.UserId ?? "", /^AROA\w+:test-session$/);
});

test("a session lasts an hour unless another duration is asked for", async () => {
  const lifeSeconds = async (DurationSeconds?: number) => {
    const command = new AssumeRoleCommand(
      DurationSeconds === undefined ? ask : { ...ask, DurationSeconds },
    );
    const answer = await bench.sts().send(command);
    const life = Number(answer.Credentials?.Expiration) - Date.now();
    return Math.round(life / 1000);
  };
  assert.ok(Math.abs((await lifeSeconds()) - 3600) <= 2);
  assert.ok(Math.abs((await lifeSeconds(900)) - 900) <= 2);
  assert.ok(Math.abs((await lifeSeconds(43_200)) - 43_200) <= 2);
});

test("a duration outside 900 to 43200 seconds is a ValidationError", async () => {
  const tooShort = await refused(
    bench.sts().send(new AssumeRoleCommand({ ...ask, DurationSeconds: 899 })),
    "ValidationError",
    400,
  );
  assert.match(tooShort.message, /'899' at 'durationSeconds'.*greater than or equal to 900/);
  await refused(
    bench.sts().send(new AssumeRoleCommand({ ...ask, DurationSeconds: 43_201 })),
    "ValidationError",
    400,
  );
});

test("a session name with a space is a ValidationError, and all broken rules are named at once", async () => {
  const error = await refused(
    bench.sts().send(new AssumeRoleCommand({ RoleArn: "short", RoleSessionName: "a b" })),
    "ValidationError",
    400,
  );
  assert.match(error.message, /^2 validation errors detected: /);
  assert.match(error.message, /'roleSessionName'/);
});

test("a role nobody knows is AccessDenied", async () => {
  const RoleArn = "arn:aws:iam::111122223333:role/some-other-role";
  const error = await refused(
    bench.sts().send(new AssumeRoleCommand({ ...ask, RoleArn })),
    "AccessDenied",
    403,
  );
  assert.equal(
    error.message,
    `User: ${LOCAL_AWS.baseUserArn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
  );
});

test("a role that trusts web identities only is AccessDenied to the base user", async () => {
  await refused(
    bench.sts().send(new AssumeRoleCommand({ ...ask, RoleArn: LOCAL_AWS.webIdentityRoleArn })),
    "AccessDenied",
    403,
  );
});

test("an external id is taken, and one with bad characters is a ValidationError", async () => {
  await bench.sts().send(new AssumeRoleCommand({ ...ask, ExternalId: "team-1" }));
  await refused(
    bench.sts().send(new AssumeRoleCommand({ ...ask, ExternalId: "team 1" })),
    "ValidationError",
    400,
  );
});
