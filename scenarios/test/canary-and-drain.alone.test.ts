/** Secrets stay where they belong; a process that is stopped finishes its answers. */
import { describe } from "node:test";
import { canary } from "../src/scenarios/canary.ts";
import { drain } from "../src/scenarios/drain.ts";
import { scenarioTest } from "./scenario-test.ts";

describe("canary and drain", { concurrency: true }, () => {
  for (const scenario of [canary, drain]) scenarioTest(scenario);
});
