/** Many jobs that two processors give out: the processor's test of it, with all of them. */
import { runGenerated } from "../rig/generated-cases.ts";
import type { Scenario } from "../scenario.ts";

export const placementCrowd: Scenario = {
  name: "placement-crowd",
  how: "two processors give 500 jobs of 0 to 8 GPUs (40 in tests) to 16 nodes (3) with 8 GPUs each and to two without, every second job that runs ends again and again, by the test of the processor; three faults are planted there, too",
  isSoakOnly: true,
  async run(_size, stage) {
    const { isPassed, told } = await runGenerated("services/processor/test/crowd.alone.test.ts");
    stage.check(
      "nodes over their size, nodes free beside a job of 8 GPUs that waits, jobs overtaken by later ones that want as much",
      "0",
      isPassed,
      told,
      isPassed ? "0" : "some",
    );
  },
};
