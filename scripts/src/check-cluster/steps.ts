/** What `check:cluster` checks, in this order. */

import { callersBy } from "./callers.ts";
import { clusterContract } from "./cluster-contract.ts";
import { diskLife } from "./disk-life.ts";
import { issuer } from "./issuer.ts";
import { WAYS } from "./issuer-settings.ts";
import { jobKills } from "./job-kills.ts";
import { jobLife } from "./job-life.ts";
import { layersBy } from "./layers.ts";
import { overlays } from "./overlays.ts";
import type { Step } from "./step.ts";

export const STEPS: readonly Step[] = [
  issuer,
  ...WAYS.map(layersBy),
  ...WAYS.map(callersBy),
  overlays,
  clusterContract,
  jobLife,
  diskLife,
  jobKills,
];
