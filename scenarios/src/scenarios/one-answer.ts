/** Whoever tells and whoever places, over many generated clusters: the store's test of it, with all of them. */
import { runGenerated } from "../rig/generated-cases.ts";
import type { Scenario } from "../scenario.ts";

export const oneAnswer: Scenario = {
  name: "one-answer",
  how: "10,000 generated clusters (400 in tests) with nodes that are closed, lost or full, quotas, disks and both orders: placement, lists, explanations, plans and availability are held against each other, by the test of the store; eight faults are planted there, too",
  isSoakOnly: true,
  async run(_size, stage) {
    const { isPassed, told } = await runGenerated("packages/jobs-store/test/availability.test.ts");
    const result = isPassed ? "0" : "some";
    stage.check(
      "answers that contradict each other, faults that are not found",
      "0",
      isPassed,
      told,
      result,
    );
  },
};
