/** Runs a scenario at the size of a test: every promise that it broke fails it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Scenario, Stage } from "../src/scenario.ts";

const LIMIT_MS = 180_000;

export function scenarioTest(scenario: Scenario): void {
  test(`${scenario.name}: ${scenario.how}`, { timeout: LIMIT_MS }, async (t) => {
    const said: string[] = [];
    const stage = new Stage((text) => said.push(text));
    t.after(() => stage.end());
    await scenario.run("test", stage);
    await stage.end();
    for (const { what, result, verdict } of stage.measurements) {
      t.diagnostic(`${verdict} ${what}: ${result}`);
    }
    assert.ok(stage.measurements.length > 0, "nothing was measured");
    assert.deepEqual(stage.broken, [], said.join("\n"));
  });
}
