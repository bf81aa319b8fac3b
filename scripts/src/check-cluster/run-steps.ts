/** Runs steps one after the other, each with clean-ups of its own, until all are done or it is stopped. */
import { Stage } from "../../../scenarios/src/scenario.ts";
import type { Cluster } from "./cluster.ts";
import type { Step } from "./step.ts";

/**
 * @param signal stops the run: the step under way is left, cleaned up after, and none follows.
 * @returns how many promises were broken.
 */
export async function runSteps(
  steps: readonly Step[],
  cluster: Cluster,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<number> {
  let broken = 0;
  for (const step of steps) {
    if (signal.aborted) break;
    const stage = new Stage((text) => say(`${step.name}: ${text}`));
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    try {
      await Promise.race([step.run(cluster, stage), stopped]);
    } catch (error) {
      if (!signal.aborted) stage.check("runs to its end", "yes", false, "1 run", String(error));
    }
    await stage.end();
    await cluster.cleanUp().catch((error) => {
      stage.check("leaves nothing behind", "yes", false, "1 run", String(error));
    });
    broken += stage.broken.length;
  }
  return broken;
}
