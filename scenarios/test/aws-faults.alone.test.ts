/** Names stop resolving. What a slow, throttling or hanging AWS comes to is tested within packages/aws at this size. */
import { dns } from "../src/scenarios/dns.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(dns);
