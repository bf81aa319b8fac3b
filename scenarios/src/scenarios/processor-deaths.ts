/** A processor that dies at any of its awaits: the processor's tests of it, at each await and not at one in three. */
import { runGenerated } from "../rig/generated-cases.ts";
import type { Scenario } from "../scenario.ts";

const FILES = ["crashes", "crashes-of-effects", "disk-lives"];

export const processorDeaths: Scenario = {
  name: "processor-deaths",
  how: "a processor dies before and after each of its awaits (one in three in tests), of a job's life, of what is done to a job that runs, and of the lives of disks; whoever comes next brings all of it to its end, by the tests of the processor; careless ones are planted there, too",
  isSoakOnly: true,
  async run(_size, stage) {
    for (const file of FILES) {
      const { isPassed } = await runGenerated(`services/processor/test/${file}.alone.test.ts`);
      const result = isPassed ? "0" : "some";
      stage.check(`${file}: lost, done twice or left behind`, "0", isPassed, "each await", result);
    }
  },
};
