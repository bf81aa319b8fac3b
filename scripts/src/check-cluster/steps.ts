/** What `check:cluster` checks, in this order. */
import { issuer } from "./issuer.ts";
import type { Step } from "./step.ts";

export const STEPS: readonly Step[] = [issuer];
