/** What a service says when its environment is wrong, as a process. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { NODE_COMPILE_CACHE, ROOT } from "./harness.ts";

function run(service: "gateway" | "aux", env: Record<string, string>) {
  const { PATH = "" } = process.env;
  return spawnSync(
    process.execPath,
    ["--conditions=airlock-source", `services/${service}/src/main.ts`],
    { cwd: ROOT, env: { PATH, NODE_COMPILE_CACHE, ...env }, encoding: "utf8", timeout: 30_000 },
  );
}

test("the gateway refuses to start with a credential alone, and says so without its value", () => {
  const { status, stderr } = run("gateway", { ENVIRONMENT: "dev", AWS_PROFILE: "CANARY-VALUE" });
  assert.equal(status, 1);
  assert.match(stderr, /^ *AWS_PROFILE:/m);
  assert.ok(!stderr.includes("CANARY-VALUE"));
});

test("the gateway lists every wrong setting at once, a line each, together with credentials", () => {
  const { status, stderr } = run("gateway", {
    PORT: "abc",
    LOG_LEVEL: "loud",
    AUX_SERVICE_URL: "foo",
    ENVIRONMENT: "production",
    AWS_ACCESS_KEY_ID: "CANARY-VALUE",
    AWS_PROFILE: "CANARY-VALUE",
  });
  assert.equal(status, 1);
  for (const name of [
    ...["PORT", "LOG_LEVEL", "AUX_SERVICE_URL", "ENVIRONMENT"],
    ...["AWS_ACCESS_KEY_ID", "AWS_PROFILE"],
  ]) {
    assert.equal(stderr.split("\n").filter((line) => line.trim().startsWith(`${name}:`)).length, 1);
  }
  assert.ok(!stderr.includes("CANARY-VALUE"));
  assert.doesNotMatch(stderr, /at .*\.ts:/);
});

test("aux refuses a chained role over an hour, with the reason", () => {
  const { status, stderr } = run("aux", {
    AWS_WEB_IDENTITY_TOKEN_FILE: "/token",
    AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/a",
    ASSUME_ROLE_ARN: "arn:aws:iam::111122223333:role/b",
    AWS_ROLE_SESSION_SECONDS: "7200",
  });
  assert.equal(status, 1);
  assert.match(stderr, /AWS_ROLE_SESSION_SECONDS: .*role chaining/);
});
