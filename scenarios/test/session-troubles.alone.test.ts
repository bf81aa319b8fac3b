/** A session in trouble, and the way out: revoked under load, STS hanging and gone, a proxy in the environment. */
import { proxyEnvironment } from "../src/scenarios/proxy-environment.ts";
import { sessionTroubles } from "../src/scenarios/session-troubles.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(sessionTroubles);
scenarioTest(proxyEnvironment);
