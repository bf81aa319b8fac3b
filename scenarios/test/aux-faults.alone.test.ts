/** aux dies, hangs, is gone; the network on the way to it fails. */
import { allHung, auxGone, auxHung, auxKilled } from "../src/scenarios/aux-faults.ts";
import { linkFaults } from "../src/scenarios/link-faults.ts";
import { scenarioTest } from "./scenario-test.ts";

for (const scenario of [auxKilled, auxHung, allHung, auxGone, linkFaults]) scenarioTest(scenario);
