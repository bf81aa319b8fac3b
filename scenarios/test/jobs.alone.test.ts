/** The jobs API as processes, two replicas behind a gateway; and a week of a cluster. */
import { describe } from "node:test";
import { jobsCanary } from "../src/scenarios/jobs-canary.ts";
import { simulatedWeek } from "../src/scenarios/simulated-week.ts";
import { scenarioTest } from "./scenario-test.ts";

// the others are tested within services/jobs: processes add nothing to them at this size
describe("jobs", { concurrency: 2 }, () => {
  for (const scenario of [jobsCanary, simulatedWeek]) scenarioTest(scenario);
});
