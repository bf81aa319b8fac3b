/** A deploy under load loses no request. */
import { rollingRestart } from "../src/scenarios/rolling-restart.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(rollingRestart);
