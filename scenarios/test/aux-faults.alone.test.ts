/** aux dies, and all of them hang. What a faulty network comes to is tested within services/gateway at this size. */
import { allHung, auxKilled } from "../src/scenarios/aux-faults.ts";
import { scenarioTest } from "./scenario-test.ts";

for (const scenario of [auxKilled, allHung]) scenarioTest(scenario);
