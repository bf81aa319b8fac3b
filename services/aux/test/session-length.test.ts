/** A session length that AWS does not give ends the process at its start, whichever chain leads to the role. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { LOCAL_AWS, startLocalAws } from "@airlock/local-aws";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const BASE = {
  AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
  AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
};

async function exitOf(t: TestContext, env: Readonly<Record<string, string>>) {
  const local = await startLocalAws();
  t.after(() => local.close());
  return new Promise<{ code: unknown; stderr: string }>((resolve) => {
    const args = ["--conditions=airlock-source", MAIN];
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const ports = { HOST: "127.0.0.1", PORT: "0", METRICS_PORT: "0" };
    const fixed = { PATH, NODE_COMPILE_CACHE, ...ports };
    execFile(
      process.execPath,
      args,
      {
        env: {
          ...fixed,
          ENVIRONMENT: "dev",
          DRAIN_DELAY_SECONDS: "0",
          AWS_ENDPOINT_URL: local.url,
          AWS_ENDPOINT_URL_STS: local.url,
          ...env,
        },
        timeout: 20_000,
      },
      (error, _stdout, stderr) => resolve({ code: error?.code, stderr }),
    );
  });
}

test("more than the role's MaxSessionDuration", async (t) => {
  const env = { ...BASE, AWS_ROLE_ARN: LOCAL_AWS.hourRoleArn, AWS_ROLE_SESSION_SECONDS: "7200" };
  const { code, stderr } = await exitOf(t, env);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /AWS_ROLE_SESSION_SECONDS: is more than the MaxSessionDuration of the role/);
  assert.doesNotMatch(stderr, / at /);
});

test("a chained role over an hour, where a profile and not a setting makes the chain", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-profile-"));
  t.after(() => rm(folder, { recursive: true }));
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = join(folder, "token");
  await writeFile(token, `${part({ alg: "RS256" })}.${part({ sub: "pod" })}.c2ln`);
  const config = join(folder, "config");
  const profile = `role_arn = ${LOCAL_AWS.webIdentityRoleArn}\nweb_identity_token_file = ${token}\n`;
  await writeFile(config, `[profile pod]\nregion = eu-west-1\n${profile}`);
  const { code, stderr } = await exitOf(t, {
    AWS_PROFILE: "pod",
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: join(folder, "none"),
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    AWS_ROLE_SESSION_SECONDS: "7200",
  });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /AWS_ROLE_SESSION_SECONDS: must be at most 3600 here: .*role chaining/);
});
