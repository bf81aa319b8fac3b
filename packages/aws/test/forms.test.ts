/** The forms of AWS access: plain, web identity (IRSA), chained, and the default chain. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingsError } from "@airlock/config";
import { LOCAL_AWS } from "@airlock/local-aws";
import { PLAIN_FORM, readSettings, startReadyRig, tokenFile } from "./harness.ts";

test("plain form: the role is assumed from the base credentials as <SERVICE_NAME>-session", async (t) => {
  const { aws, local } = await startReadyRig(t);
  assert.equal((await aws.parameters.get("my-parameter")).value.value, "a root-level value");
  assert.equal(aws.session.report().source, "assumed_role");
  const call = local.calls.list().find(({ operation }) => operation.endsWith("GetParameters"));
  assert.equal(
    call?.principalArn,
    `arn:aws:sts::${LOCAL_AWS.accountId}:assumed-role/airlock-aux-role-dev/aux-session`,
  );
  assert.equal(local.calls.counts().byOperation["sts.AssumeRole"], 1);
});

test("web identity form: AWS_ROLE_ARN is the token's role and nothing else is assumed", async (t) => {
  const { aws, local } = await startReadyRig(t, {
    AWS_WEB_IDENTITY_TOKEN_FILE: await tokenFile(t),
    AWS_ROLE_ARN: LOCAL_AWS.webIdentityRoleArn,
  });
  await aws.buckets.list();
  assert.equal(aws.session.report().source, "web_identity");
  const { byOperation } = local.calls.counts();
  assert.equal(byOperation["sts.AssumeRoleWithWebIdentity"], 1);
  assert.equal(byOperation["sts.AssumeRole"] ?? 0, 0);
});

test("chained form: ASSUME_ROLE_ARN is assumed with the session of the token's role", async (t) => {
  const { aws, local } = await startReadyRig(t, {
    AWS_WEB_IDENTITY_TOKEN_FILE: await tokenFile(t),
    AWS_ROLE_ARN: LOCAL_AWS.webIdentityRoleArn,
    ASSUME_ROLE_ARN: LOCAL_AWS.roleArn,
  });
  await aws.buckets.list();
  assert.equal(aws.session.report().source, "chained_role");
  const { byOperation } = local.calls.counts();
  assert.equal(byOperation["sts.AssumeRoleWithWebIdentity"], 1);
  assert.equal(byOperation["sts.AssumeRole"], 1);
  const call = local.calls.list().find(({ operation }) => operation.endsWith("ListBuckets"));
  assert.match(call?.principalArn ?? "", /assumed-role\/airlock-aux-role-dev\//);
});

test("a session is believed until the second at which AWS ends it, and not longer", async (t) => {
  const { aws, local } = await startReadyRig(t);
  const expiresAt = aws.session.credentials().expiresAt ?? 0;
  assert.equal(expiresAt % 1000, 0, "STS gives whole seconds");
  assert.ok(expiresAt <= Date.now() + 3_600_000);
  assert.equal(local.calls.counts().byOperation["sts.AssumeRole"], 1);
});

test("all clients share one session", async (t) => {
  const { aws, local } = await startReadyRig(t);
  await Promise.all([
    aws.buckets.list(),
    aws.parameters.list(),
    aws.parameters.get("my-parameter"),
  ]);
  assert.equal(local.calls.counts().byOperation["sts.AssumeRole"], 1);
});

for (const [name, env, key] of [
  [
    "a chained role over an hour",
    {
      AWS_WEB_IDENTITY_TOKEN_FILE: "/token",
      AWS_ROLE_ARN: LOCAL_AWS.webIdentityRoleArn,
      ASSUME_ROLE_ARN: LOCAL_AWS.roleArn,
      AWS_ROLE_SESSION_SECONDS: "3601",
    },
    "AWS_ROLE_SESSION_SECONDS",
  ],
  [
    "a role over an hour from temporary base credentials",
    { ...PLAIN_FORM, AWS_SESSION_TOKEN: "t", AWS_ROLE_SESSION_SECONDS: "7200" },
    "AWS_ROLE_SESSION_SECONDS",
  ],
  ["a session under 15 minutes", { AWS_ROLE_SESSION_SECONDS: "899" }, "AWS_ROLE_SESSION_SECONDS"],
  ["a session over 12 hours", { AWS_ROLE_SESSION_SECONDS: "43201" }, "AWS_ROLE_SESSION_SECONDS"],
  ["a token file without its role", { AWS_WEB_IDENTITY_TOKEN_FILE: "/token" }, "AWS_ROLE_ARN"],
  ["ASSUME_ROLE_ARN without a token", { ASSUME_ROLE_ARN: LOCAL_AWS.roleArn }, "ASSUME_ROLE_ARN"],
  ["an access key without its secret", { AWS_ACCESS_KEY_ID: "x" }, "AWS_SECRET_ACCESS_KEY"],
  ["something that is no role ARN", { AWS_ROLE_ARN: "arn:aws:iam::1:user/x" }, "AWS_ROLE_ARN"],
] as const) {
  test(`${name} is refused at start`, () => {
    assert.throws(
      () => readSettings(env),
      (error) => error instanceof SettingsError && error.problems[0]?.startsWith(`${key}:`),
    );
  });
}

test("a plain role may last 12 hours", () => {
  const settings = readSettings({ ...PLAIN_FORM, AWS_ROLE_SESSION_SECONDS: "43200" });
  assert.equal(settings.AWS_ROLE_SESSION_SECONDS, 43_200);
});

test("rules between variables are reported together with wrong variables", () => {
  assert.throws(
    () => readSettings({ ASSUME_ROLE_ARN: LOCAL_AWS.roleArn, AWS_ENDPOINT_URL: "nowhere" }),
    (error) => error instanceof SettingsError && error.problems.length === 2,
  );
});
