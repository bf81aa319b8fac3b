/** AWS is slow, throttles or hangs; names stop resolving. */
import { slowAws } from "../src/scenarios/aws-faults.ts";
import { dns } from "../src/scenarios/dns.ts";
import { parameterBudget } from "../src/scenarios/parameter-budget.ts";
import { throttled } from "../src/scenarios/throttled.ts";
import { scenarioTest } from "./scenario-test.ts";

// a noisy caller and a faulty S3 are tested within packages/aws: processes add nothing to them at this size
for (const scenario of [slowAws, parameterBudget, throttled, dns]) {
  scenarioTest(scenario);
}
