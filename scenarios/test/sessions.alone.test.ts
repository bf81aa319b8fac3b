/** AWS sessions: none at first, STS gone in the middle of one, a proxy in the environment. At once, as they mostly wait. */
import { describe } from "node:test";
import { stsDownAtRefresh, stsDownAtStart } from "../src/scenarios/credentials.ts";
import { proxyEnvironment } from "../src/scenarios/proxy-environment.ts";
import { scenarioTest } from "./scenario-test.ts";

// sessions that are short, revoked or refused are tested within packages/aws
describe("sessions", { concurrency: true }, () => {
  for (const scenario of [stsDownAtStart, stsDownAtRefresh, proxyEnvironment]) {
    scenarioTest(scenario);
  }
});
