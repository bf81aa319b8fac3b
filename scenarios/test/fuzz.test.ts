/** 20,000 mutated requests, from a fixed seed. */
import { fuzz } from "../src/scenarios/fuzz.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(fuzz);
