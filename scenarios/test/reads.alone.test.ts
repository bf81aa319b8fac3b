/** What is read comes whole and exactly: lists, odd keys, large objects, values that are waited for. */
import { describe } from "node:test";
import { bigObject, presigned } from "../src/scenarios/big-object.ts";
import { longLists } from "../src/scenarios/long-lists.ts";
import { oddKeys } from "../src/scenarios/odd-keys.ts";
import { repeatedLists } from "../src/scenarios/repeated-lists.ts";
import { waitingClients } from "../src/scenarios/waiting-clients.ts";
import { scenarioTest } from "./scenario-test.ts";

// those who wait need no machine
describe("reads", { concurrency: 2 }, () => {
  for (const scenario of [
    waitingClients,
    longLists,
    repeatedLists,
    oddKeys,
    presigned,
    bigObject,
  ]) {
    scenarioTest(scenario);
  }
});
