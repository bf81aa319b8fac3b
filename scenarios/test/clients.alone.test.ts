/** Crowds, clients that leave, clients that never finish. */
import { describe } from "node:test";
import { crowd } from "../src/scenarios/crowd.ts";
import { greedyClient } from "../src/scenarios/greedy-client.ts";
import { slowClients } from "../src/scenarios/slow-clients.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(crowd);

// those who never finish need no machine
describe("beside each other", { concurrency: 2 }, () => {
  for (const scenario of [slowClients, greedyClient]) scenarioTest(scenario);
});
