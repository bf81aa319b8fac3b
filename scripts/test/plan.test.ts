/** What `start` tells one service of another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "../src/start/options.ts";
import { planProcesses } from "../src/start/plan.ts";

const PORTS = {
  LOCAL_AWS_PORT: 1,
  AUX_PORT: 2,
  GATEWAY_PORT: 3,
  JOBS_PORT: 4,
  AUX_METRICS_PORT: 5,
  GATEWAY_METRICS_PORT: 6,
  JOBS_METRICS_PORT: 7,
  DATABASE_PORT: 8,
  PROCESSOR_PORT: 9,
  PROCESSOR_METRICS_PORT: 10,
  LOCAL_KUBERNETES_PORT: 11,
};
const OPTIONS = { only: "pair", watch: false, useRealAws: false, reset: false };

for (const [asked, callers] of [
  [undefined, "any"],
  ["none", "any"],
  ["jwt", "jwt"],
  [" API-key ", "api-key"],
  // the gateway says that it is no word
  ["keys", "any"],
] as const) {
  test(`with GATEWAY_AUTH ${asked} aux holds the policy to ${callers}`, async () => {
    const ground = { ports: PORTS, shell: { GATEWAY_AUTH: asked } };
    const processes = planProcesses({ ...OPTIONS, only: "pair" }, ground);
    const env = await processes.find(({ name }) => name === "aux")?.env;
    assert.equal(env?.ACCESS_POLICY_CALLERS, callers);
  });
}

test("--layer-auth alone is service-account; sigv4 is for the pair on the stand-in", () => {
  assert.equal(readOptions([])?.layerAuth, undefined);
  assert.equal(readOptions(["--layer-auth"])?.layerAuth, "service-account");
  assert.equal(readOptions(["--layer-auth=sigv4"])?.layerAuth, "sigv4");
  for (const [args, words] of [
    [["--layer-auth=none"], /--layer-auth takes service-account, sigv4/],
    [["--layer-auth=sigv4", "--aws"], /is for the stand-in/],
    [["--layer-auth=sigv4", "--only=aux"], /needs gateway and aux/],
    [["--layer-auth", "sigv4"], /Unexpected argument 'sigv4'/],
  ] as const) {
    assert.throws(() => readOptions(args), words);
  }
});

test("with --layer-auth=sigv4 all goes by the execution API, or as much as the shell says", () => {
  const cluster = {
    issuer: "http://localhost:1",
    issuerSettings: {},
    subjects: { aux: "a", jobs: "b", processor: "c" },
    tokenFiles: { aux: "/aux", jobs: "/jobs", processor: "/processor" },
    webIdentityTokenFile: "/sts",
    close: async () => {},
  };
  const gateway = (shell: Record<string, string>) => {
    const specs = planProcesses(
      { ...OPTIONS, only: "pair", layerAuth: "sigv4" },
      { ports: PORTS, shell, cluster },
    );
    assert.ok(specs.some(({ name }) => name === "aux-lambda"));
    return specs.find(({ name }) => name === "gateway")?.env ?? {};
  };
  const env = gateway({
    AWS_ROLE_ARN: "arn:aws:iam::999999999999:role/real",
    EXECUTION_API_URL: "https://real",
  });
  assert.partialDeepStrictEqual(env, {
    LAYER_AUTH: "sigv4",
    USE_API_GATEWAY_PERCENTAGE: "100",
    EXECUTION_API_URL: "http://127.0.0.1:1/execute-api/prod",
    AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/airlock-gateway-role-dev",
    AWS_WEB_IDENTITY_TOKEN_FILE: "/sts",
    JOBS_LAYER_TOKEN_FILE: "/jobs",
  });
  assert.equal(env.AWS_ACCESS_KEY_ID, undefined);
  assert.equal(gateway({ USE_API_GATEWAY_PERCENTAGE: "10" }).USE_API_GATEWAY_PERCENTAGE, "10");
});
