/** What `start` tells one service of another. */
import assert from "node:assert/strict";
import { test } from "node:test";
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
