// AssumeRoleWithWebIdentity and role chaining through the real STS client.

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
const ask: AssumeRoleWithWebIdentityCommandInput = {
  RoleArn: LOCAL_AWS.webIdentityRoleArn,
  RoleSessionName: "pod-1",
  WebIdentityToken: jwt,
};

const exchange = (input = ask) => bench.sts().send(new AssumeRoleWithWebIdentityCommand(input));

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
    exchange({ ...ask, WebIdentityToken: "opaque-token" }),
    "InvalidIdentityTokenException",
    400,
  );
});

test("a token whose exp has passed is ExpiredTokenException", async () => {
  const exp = Math.floor(Date.now() / 1000) - 60;
  await refused(
    exchange({ ...ask, WebIdentityToken: token({ ...claims, exp }) }),
    "ExpiredTokenException",
    400,
  );
});

test("a role that does not trust web identities is AccessDenied", async () => {
  await refused(exchange({ ...ask, RoleArn: LOCAL_AWS.roleArn }), "AccessDenied", 403);
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
