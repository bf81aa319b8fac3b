/** aux dies, hangs, is gone; the network on the way to it fails. */
import { allHung, auxHung, auxKilled } from "../src/scenarios/aux-faults.ts";
import { linkFaults } from "../src/scenarios/link-faults.ts";
import { scenarioTest } from "./scenario-test.ts";

// an aux that is gone is tested within services/gateway
for (const scenario of [auxKilled, auxHung, allHung, linkFaults]) scenarioTest(scenario);
