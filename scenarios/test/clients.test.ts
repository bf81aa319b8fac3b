/** Crowds, clients that leave, clients that never finish. */
import { crowd } from "../src/scenarios/crowd.ts";
import { slowClients } from "../src/scenarios/slow-clients.ts";
import { scenarioTest } from "./scenario-test.ts";

for (const scenario of [crowd, slowClients]) scenarioTest(scenario);
