/** What the service refuses to start with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Environment, loadSettings, SettingsError } from "@airlock/config";
import { openSealer, SealingKeysError } from "@airlock/jobs-store";
import { allowsRawLogin, refuse, settingsSchema } from "../src/settings.ts";

const DEV = {
  ENVIRONMENT: "dev",
  DATABASE_URL: "postgresql://user:secret-canary@localhost:5432/gpudev",
  ALLOWED_AWS_ACCOUNTS: "111122223333",
};
const PROD = {
  ...DEV,
  ENVIRONMENT: "prod",
  DATABASE_SSLMODE: "verify-full",
  DATABASE_CA_FILE: "/etc/airlock/ca.pem",
  ENV_VARS_KEYS_FILE: "/etc/airlock/keys",
  LOGIN_SERVER_ID: "airlock.example.com",
  LAYER_AUTH_MODE: "off",
};

const load = (env: Environment) => loadSettings(settingsSchema, env);

function problemsOf(env: Environment): readonly string[] {
  try {
    load(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    assert.ok(!error.message.includes("secret-canary"));
    return error.problems;
  }
}

test("dev needs a database and accounts, and has the seed's defaults", () => {
  const settings = load(DEV);
  assert.equal(settings.PORT, 8000);
  assert.equal(settings.API_KEY_TTL_HOURS, 2);
  assert.equal(settings.ALLOWED_AWS_ROLE, "SSOCloudDevGpuReservation");
  assert.equal(settings.QUEUE_NAME, "gpu_reservations");
  assert.equal(settings.DISK_QUEUE_NAME, "disk_operations");
  assert.equal(allowsRawLogin(settings), true);
  const names = problemsOf({ ENVIRONMENT: "dev" }).map((problem) => problem.split(":")[0]);
  assert.deepEqual(names, ["ALLOWED_AWS_ACCOUNTS", "DATABASE_URL"]);
});

test("prod starts with everything that it needs, and raw login is off", () => {
  assert.equal(allowsRawLogin(load(PROD)), false);
});

for (const [name, value] of [
  ["ALLOWED_AWS_ACCOUNTS", "12345"],
  ["ALLOWED_AWS_ACCOUNTS", "111122223333,*"],
  ["ALLOWED_AWS_ROLE", "path/Role"],
  ["ALLOWED_AWS_ROLE", "Role*"],
  ["API_KEY_TTL_HOURS", "0"],
  ["API_KEY_TTL_HOURS", "169"],
  ["QUEUE_NAME", "jobs; DROP TABLE"],
  ["DISK_QUEUE_NAME", "gpu_reservations"],
  ["LOGIN_SERVER_ID", "a b"],
  ["AWS_REGION", "xx-nowhere-9"],
  ["ADMIN_SUBJECTS", "alice-example.com"],
  ["ADMIN_SUBJECTS", "arn:aws:sts::111122223333:assumed-role/Developer/alice"],
  ["ADMIN_SUBJECTS", "aws:111122223333:Developer:alice aws:1111:Developer:bob"],
  ["ADMIN_SUBJECTS", "aws:111122223333:Developer"],
  ["ADMIN_SUBJECTS", ","],
] as const) {
  test(`${name}=${value} is refused`, () => {
    const [problem = "none"] = problemsOf({ ...DEV, [name]: value });
    assert.ok(problem.startsWith(`${name}: `), problem);
  });
}

for (const [name, value] of [
  ["ENV_VARS_KEYS_FILE", undefined],
  ["LOGIN_SERVER_ID", undefined],
  ["LAYER_AUTH_MODE", undefined],
  ["DATABASE_SSLMODE", "require"],
  ["DATABASE_CA_FILE", undefined],
  ["ADMIN_SUBJECTS", "aws:*:SSOCloudDevGpuReservation:*"],
  ["ALLOW_RAW_AWS_LOGIN", "on"],
  ["AWS_ENDPOINT_URL", "http://sts.example.com"],
  ["AWS_ENDPOINT_URL_STS", "https://sts.example.com"],
] as const) {
  test(`prod refuses ${name} ${value === undefined ? "unset" : `= ${value}`}`, () => {
    const [problem = "none"] = problemsOf({ ...PROD, [name]: value });
    assert.ok(problem.startsWith(`${name}: `), problem);
  });
}

test("AWS credentials in the environment are refused", () => {
  const [problem = "", ...more] = refuse({ ...DEV, AWS_SECRET_ACCESS_KEY: "canary" });
  assert.match(problem, /^AWS_SECRET_ACCESS_KEY: /);
  assert.ok(!problem.includes("canary"));
  assert.equal(more.length, 0);
});

test("a keys file that is not there, or holds no keys, is named without its content", () => {
  const log = { warn() {} };
  assert.throws(() => openSealer("/nowhere/keys", log as never), SealingKeysError);
  assert.throws(() => openSealer(import.meta.filename, log as never), /line 1 is not/);
});
