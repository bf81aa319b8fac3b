/** What the gateway refuses to start with. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Environment, loadSettings, SettingsError } from "@airlock/config";
import { refuse, settingsSchema } from "../src/settings.ts";

function problems(env: Environment): readonly string[] {
  try {
    loadSettings(settingsSchema, env, refuse(env));
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
}

for (const name of [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_PROFILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_BEARER_TOKEN_BEDROCK",
]) {
  test(`${name} alone is refused, without its value`, () => {
    const [problem = "", ...more] = problems({ ENVIRONMENT: "dev", [name]: "CANARY-VALUE" });
    assert.ok(problem.startsWith(`${name}: `), problem);
    assert.ok(!problem.includes("CANARY-VALUE"));
    assert.deepEqual(more, []);
  });
}

const JOBS_SERVICE_URL = "http://jobs.example.com";

for (const ENVIRONMENT of ["dev", "qa", "prod"]) {
  test(`${ENVIRONMENT}: keys of jobs open no door where there is no jobs`, () => {
    const env = { ENVIRONMENT, LAYER_AUTH: "none", GATEWAY_AUTH: "api-key" };
    assert.deepEqual(problems(env), [
      "JOBS_SERVICE_URL: is needed with GATEWAY_AUTH=api-key: jobs knows the keys",
    ]);
    assert.deepEqual(problems({ ...env, JOBS_SERVICE_URL }), []);
  });
}

test("a proof for each service behind is needed at start, for jobs where there is jobs", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-layer-"));
  t.after(() => rm(folder, { recursive: true }));
  const LAYER_TOKEN_FILE = join(folder, "token");
  await writeFile(LAYER_TOKEN_FILE, "a.b.c");
  const env = { ENVIRONMENT: "dev", LAYER_AUTH: "service-account", LAYER_TOKEN_FILE };
  assert.deepEqual(problems(env), []);
  const file = join(folder, "none");
  const withJobs = { ...env, JOBS_SERVICE_URL, JOBS_LAYER_TOKEN_FILE: file };
  assert.deepEqual(problems(withJobs), [
    `JOBS_LAYER_TOKEN_FILE: ${file} cannot be read (ENOENT); LAYER_AUTH=service-account needs a projected token there`,
  ]);
  const [unset] = problems({ ...withJobs, JOBS_LAYER_TOKEN_FILE: "" });
  assert.match(unset ?? "", /^JOBS_LAYER_TOKEN_FILE: \/var\/run\/secrets\/airlock\/jobs-layer\//);
});
