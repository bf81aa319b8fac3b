/** 4,000 mutated requests, from a fixed seed, have no fault; and the fuzzer finds each that is planted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PLANTED_FAULTS, type PlantedFault, startPlantedRelay } from "../src/fuzz/planted-relay.ts";
import { Stage } from "../src/scenario.ts";
import { fuzz, sendFuzz, startFuzzed } from "../src/scenarios/fuzz.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(fuzz);

test("the fuzzer finds each fault that is planted between it and the gateway", async (t) => {
  const stage = new Stage(() => {});
  t.after(() => stage.end());
  const { gateway } = await startFuzzed(stage);
  for (const [fault, expected] of Object.entries(PLANTED_FAULTS)) {
    const port = await startPlantedRelay(stage, gateway.port, fault as PlantedFault);
    const isFound = (faults: readonly string[]) => faults.some((text) => expected.test(text));
    const { faults } = await sendFuzz(stage, port, 1200, isFound);
    assert.ok(isFound(faults), `${fault}: ${faults.slice(0, 5)}`);
  }
});
