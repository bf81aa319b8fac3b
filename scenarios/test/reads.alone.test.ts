/** What is read comes whole: lists of many pages, large objects. Odd keys and addresses are in the acceptance tests, waits in gateway's. */
import { describe } from "node:test";
import { bigObject } from "../src/scenarios/big-object.ts";
import { longLists } from "../src/scenarios/long-lists.ts";
import { scenarioTest } from "./scenario-test.ts";

describe("reads", { concurrency: 2 }, () => {
  for (const scenario of [longLists, bigObject]) scenarioTest(scenario);
});
