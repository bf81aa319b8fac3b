/** Lets the faults that are on hit a request before it is looked at. */
import type { Target } from "../api/target.ts";
import { Refusal } from "../refusal.ts";
import type { FaultBook } from "./fault-book.ts";
import type { FaultOf } from "./fault-schema.ts";

/** What becomes of a request that no fault refuses. */
export interface Fate {
  readonly isHanging: boolean;
  readonly isRequestLost: boolean;
  readonly isAnswerLost: boolean;
  /** Between what it does and its answer. */
  readonly lateMs: number;
}

const NAMES = [
  "throttle",
  "error",
  "refuse",
  "slow",
  "lateAnswer",
  "lostRequest",
  "lostAnswer",
  "hang",
] as const;

/** In the order that they were set. @throws Refusal for the faults that are answers. */
export async function strike(
  faults: FaultBook,
  target: Target,
  wait: (delayMs: number) => Promise<void>,
): Promise<Fate> {
  const hits: FaultOf<(typeof NAMES)[number]>[] = [];
  // what comes behind a refusal has not hit anything
  for (const hit of faults.strike(NAMES, target)) {
    hits.push(hit);
    switch (hit.fault) {
      case "slow":
        await wait(hit.delayMs);
        break;
      case "throttle":
        throw new Refusal(
          429,
          "TooManyRequests",
          "the server has received too many requests and has asked us to try again later",
          { retryAfterSeconds: hit.retryAfterSeconds },
        );
      case "error":
        throw new Refusal(hit.status, "InternalError", "Internal error occurred: by a fault");
      case "refuse":
        throw new Refusal(hit.status, hit.reason, hit.message);
    }
  }
  const has = (name: (typeof NAMES)[number]) => hits.some(({ fault }) => fault === name);
  return {
    isHanging: has("hang"),
    isRequestLost: has("lostRequest"),
    isAnswerLost: has("lostAnswer"),
    lateMs: hits.reduce((sum, hit) => sum + (hit.fault === "lateAnswer" ? hit.delayMs : 0), 0),
  };
}
