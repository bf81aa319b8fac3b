/** The processor's view of a cluster: the contract that holds on local-kubernetes holds on this one too. */
import { CONTRACT } from "../../../services/processor/test/cluster-contract/contract.ts";
import { prepareWorlds } from "./contract-worlds.ts";
import type { Step } from "./step.ts";

export const clusterContract: Step = {
  name: "processor",
  how: "what the processor asks of a cluster, on two nodes that are played: the contract that local-kubernetes keeps",
  async run(cluster, stage) {
    const worlds = await prepareWorlds(cluster, stage);
    for (const { name, run } of CONTRACT) {
      const world = await worlds.open();
      try {
        await run(world);
        stage.check(name, "holds", true, "1 run", "it does");
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        stage.check(name, "holds", false, "1 run", words.replaceAll(/\s+/g, " ").slice(0, 500));
      } finally {
        await world.close();
      }
    }
  },
};
