/** Crowds, and clients that never finish. Greedy ones, and those who read nothing, are tested within gateway and packages/http at this size. */
import { crowd } from "../src/scenarios/crowd.ts";
import { slowClients } from "../src/scenarios/slow-clients.ts";
import { scenarioTest } from "./scenario-test.ts";

for (const scenario of [crowd, slowClients]) scenarioTest(scenario);
