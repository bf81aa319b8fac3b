/** AWS is slow, throttles or hangs; names stop resolving. */
import { s3Faults, slowAws } from "../src/scenarios/aws-faults.ts";
import { dns } from "../src/scenarios/dns.ts";
import { parameterBudget } from "../src/scenarios/parameter-budget.ts";
import { noisyCaller, throttled } from "../src/scenarios/throttled.ts";
import { scenarioTest } from "./scenario-test.ts";

for (const scenario of [slowAws, parameterBudget, throttled, noisyCaller, s3Faults, dns]) {
  scenarioTest(scenario);
}
