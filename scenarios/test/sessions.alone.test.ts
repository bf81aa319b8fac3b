/** AWS sessions: none at first, short ones, and STS gone in the middle of one. At once, as they mostly wait. */
import { describe } from "node:test";
import { shortSessions, stsDownAtRefresh, stsDownAtStart } from "../src/scenarios/credentials.ts";
import { scenarioTest } from "./scenario-test.ts";

describe("sessions", { concurrency: true }, () => {
  for (const scenario of [stsDownAtStart, shortSessions, stsDownAtRefresh]) scenarioTest(scenario);
});
