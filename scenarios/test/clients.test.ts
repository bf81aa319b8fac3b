/** Crowds, clients that leave, clients that never finish. */
import { crowd } from "../src/scenarios/crowd.ts";
import { greedyClient } from "../src/scenarios/greedy-client.ts";
import { slowClients } from "../src/scenarios/slow-clients.ts";
import { scenarioTest } from "./scenario-test.ts";

for (const scenario of [crowd, slowClients, greedyClient]) scenarioTest(scenario);
