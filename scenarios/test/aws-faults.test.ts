/** AWS is slow, throttles or hangs; names stop resolving. */
import { s3Faults, slowAws, ssmThrottled } from "../src/scenarios/aws-faults.ts";
import { dns } from "../src/scenarios/dns.ts";
import { scenarioTest } from "./scenario-test.ts";

for (const scenario of [slowAws, ssmThrottled, s3Faults, dns]) scenarioTest(scenario);
