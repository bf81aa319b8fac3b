/** The contract of the cluster's interface holds on local-kubernetes; check:cluster tries the same on a real API server. */
import { test } from "node:test";
import { CONTRACT } from "./cluster-contract/contract.ts";
import { openLocalWorld } from "./cluster-contract/local-world.ts";

for (const { name, run } of CONTRACT) {
  test(name, async (t) => {
    const world = await openLocalWorld();
    t.after(() => world.close());
    await run(world);
  });
}
