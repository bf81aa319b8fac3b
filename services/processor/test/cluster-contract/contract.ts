/** The contract of the cluster's interface: what holds on every Kubernetes, the one on laptops included. */
import type { ContractCase } from "./contract-world.ts";
import { ENDS } from "./ends-contract.ts";
import { NODES } from "./nodes-contract.ts";
import { OBJECTS } from "./objects-contract.ts";
import { REFUSALS } from "./refusals-contract.ts";
import { SNAPSHOTS } from "./snapshots-contract.ts";
import { WATCHES } from "./watch-contract.ts";

export const CONTRACT: readonly ContractCase[] = [
  ...OBJECTS,
  ...REFUSALS,
  ...ENDS,
  ...WATCHES,
  ...NODES,
  ...SNAPSHOTS,
];
