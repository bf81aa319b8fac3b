/** A session in trouble: revoked under load, STS hanging and gone. */
import { sessionTroubles } from "../src/scenarios/session-troubles.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(sessionTroubles);
