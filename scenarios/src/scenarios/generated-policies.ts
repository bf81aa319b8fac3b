/** The tests of aux that generate policies and requests, with more of both than a test has time for. */
import { runGenerated } from "../rig/generated-cases.ts";
import type { Scenario } from "../scenario.ts";

const FILES = ["nothing-shows", "nothing-shows-objects"];

export const generatedPolicies: Scenario = {
  name: "generated-policies",
  how: "80 policies with 145 requests each for parameters (12 with 100 in tests), 240 with 28 for objects (20 with 14), before two accounts, one of which lacks all that the policy hides; leaks are planted, too",
  isSoakOnly: true,
  async run(_size, stage) {
    for (const file of FILES) {
      const { isPassed, told } = await runGenerated(`services/aux/test/${file}.test.ts`);
      const result = isPassed ? "the same" : "another";
      stage.check(
        `${file}: an answer where something is hidden, and where it is not there`,
        "the same",
        isPassed,
        told,
        result,
      );
    }
  },
};
