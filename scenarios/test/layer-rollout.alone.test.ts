/** From open to authenticated layers without a failed request. */
import { layerRollout } from "../src/scenarios/layer-rollout.ts";
import { scenarioTest } from "./scenario-test.ts";

scenarioTest(layerRollout);
