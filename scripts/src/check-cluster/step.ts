/** One thing that is checked against a real API server. */
import type { Stage } from "../../../scenarios/src/scenario.ts";
import type { Cluster } from "./cluster.ts";

export interface Step {
  /** For the command line, in kebab-case. */
  readonly name: string;
  /** One sentence: what is done. */
  readonly how: string;
  /**
   * Checks by `stage.check`, tells by `stage.note` what the server lacks, and leaves its clean-ups
   * with `stage.defer`. What carries the run's label is removed after it, whatever happens.
   */
  run(cluster: Cluster, stage: Stage): Promise<void>;
}
