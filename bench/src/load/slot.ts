/** One slot of load on one proxy. */
import type { Case } from "../cases.ts";

export interface Slot {
  readonly port: number;
  /** What stands before the parameter's name in the path. */
  readonly prefix: string;
  /** Sent with each request, as `name: value`. */
  readonly headers?: readonly string[];
  readonly what: Case;
  readonly durationMs: number;
  readonly connections: number;
  /** Requests begin at this rate, whether those before are answered or not; unset: one after another. */
  readonly perSecond?: number;
}
