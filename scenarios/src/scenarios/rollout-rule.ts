/** When a rollout steps back, and when not: the gateway's simulation of it, at its full length. */
import { runGenerated } from "../rig/generated-cases.ts";
import type { Scenario } from "../scenario.ts";

export const rolloutRule: Scenario = {
  name: "rollout-rule",
  how: "the rule by which a gateway leaves the execution API again, on a clock of its own: 200 runs of each trouble at 100 requests a second and 10 % (the time of the middle run, and of the 95th of a hundred), 5 days without any at 0.1, 1, 10 and 100 a second with 10 and 50 %, 2,000 draws of 12 callers (in tests a day, at 10 %, with 30 draws); a rule that is less sure, and one that blames the route for 404s, are planted",
  isSoakOnly: true,
  async run(_size, stage) {
    const { isPassed, told } = await runGenerated(
      "services/gateway/test/rollout-simulation.alone.test.ts",
    );
    stage.check(
      "all refused, 5 % failing, 3 times as slow: steps back within 10, 60, 30 s; with none of that, or too few requests to tell: holds",
      "as told",
      isPassed,
      told,
      isPassed ? "as told" : "otherwise",
    );
  },
};
