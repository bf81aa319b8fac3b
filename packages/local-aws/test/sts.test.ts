// The operations of STS through the real client.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { LOCAL_AWS } from "@airlock/local-aws";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  GetCallerIdentityCommand,
} from "@aws-sdk/client-sts";
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

function token(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.c2lnbmF0dXJl`;
}

const claims = {
  sub: "system:serviceaccount:airlock:aux",
  aud: ["sts.amazonaws.com"],
  iss: "https://issuer.example.com",
};

const jwt = token(claims);
const webAsk: AssumeRoleWithWebIdentityCommandInput = {
  RoleArn: LOCAL_AWS.webIdentityRoleArn,
  RoleSessionName: "pod-1",
  WebIdentityToken: jwt,
};

const exchange = (input = webAsk) => bench.sts().send(new AssumeRoleWithWebIdentityCommand(input));

test("a service account's token is exchanged for a session that may read S3", async () => {
  const answer = await exchange();
  assert.equal(answer.SubjectFromWebIdentityToken, claims.sub);
  assert.equal(answer.Audience, "sts.amazonaws.com");
  const keys = keysOf(answer.Credentials);
  const identity = await bench.sts(keys).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, "arn:aws:sts::111122223333:assumed-role/airlock-irsa-role-dev/pod-1");
  const { Buckets } = await bench.s3(keys).send(new ListBucketsCommand({}));
  assert.equal(Buckets?.length, 3);
});

test("the call log holds only the beginning of the token's hash", async () => {
  await exchange();
  const [record] = bench.aws.calls.list();
  const hash = createHash("sha256").update(jwt).digest("hex");
  assert.equal(record?.webIdentityTokenSha256, hash.slice(0, 16));
  assert.ok(!JSON.stringify(record).includes(jwt));
});

test("a token that is no JWT is refused", async () => {
  await refused(
    exchange({ ...webAsk, WebIdentityToken: "opaque-token" }),
    "InvalidIdentityTokenException",
    400,
  );
});

test("a token whose exp has passed is ExpiredTokenException", async () => {
  const exp = Math.floor(Date.now() / 1000) - 60;
  await refused(
    exchange({ ...webAsk, WebIdentityToken: token({ ...claims, exp }) }),
    "ExpiredTokenException",
    400,
  );
});

test("a role that does not trust web identities is AccessDenied", async () => {
  await refused(exchange({ ...webAsk, RoleArn: LOCAL_AWS.roleArn }), "AccessDenied", 403);
});

test("a session may assume the next role for an hour at most", async () => {
  const sts = bench.sts(keysOf((await exchange()).Credentials));
  const chain = { RoleArn: LOCAL_AWS.roleArn, RoleSessionName: "chained" };
  const answer = await sts.send(new AssumeRoleCommand({ ...chain, DurationSeconds: 3600 }));
  assert.match(answer.AssumedRoleUser?.Arn ?? "", /airlock-aux-role-dev\/chained$/);
  const error = await refused(
    sts.send(new AssumeRoleCommand({ ...chain, DurationSeconds: 3601 })),
    "ValidationError",
    400,
  );
  assert.match(
    error.message,
    /exceeds the 1 hour session limit for roles assumed by role chaining/,
  );
});

test("no session lasts longer than its role's MaxSessionDuration", async () => {
  const short = { ...ask, RoleArn: LOCAL_AWS.hourRoleArn };
  await bench.sts().send(new AssumeRoleCommand({ ...short, DurationSeconds: 3600 }));
  for (const asked of [
    () => bench.sts().send(new AssumeRoleCommand({ ...short, DurationSeconds: 3601 })),
    () => exchange({ ...webAsk, RoleArn: LOCAL_AWS.hourRoleArn, DurationSeconds: 3601 }),
  ]) {
    const error = await refused(asked(), "ValidationError", 400);
    assert.match(error.message, /exceeds the MaxSessionDuration set for this role/);
  }
});

test("a role whose trust policy asks for an external id is AccessDenied without it, and with another", async () => {
  const external = { ...ask, RoleArn: LOCAL_AWS.externalRoleArn };
  for (const ExternalId of [undefined, "another"]) {
    const command = new AssumeRoleCommand({ ...external, ExternalId });
    await refused(bench.sts().send(command), "AccessDenied", 403);
  }
  await bench.sts().send(new AssumeRoleCommand({ ...external, ExternalId: LOCAL_AWS.externalId }));
});
