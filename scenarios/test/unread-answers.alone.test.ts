/** Clients that ask for much and read nothing. */
import { unreadAnswers } from "../src/scenarios/unread-answers.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(unreadAnswers);
