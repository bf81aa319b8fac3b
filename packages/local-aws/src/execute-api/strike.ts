// Lets the faults that are on hit a call of the execution API before anything looks at it, or behind its answer.

import { AwsError } from "../aws-error.ts";
import type { FaultBook } from "../faults/fault-book.ts";
import { refusal } from "../refusals.ts";
import type { WireAnswer } from "../wire.ts";
import { CallFailed } from "./refusal.ts";

const KINDS = [
  "throttle",
  "error500",
  "hang",
  "slow",
  "reset",
  "refuse",
  "answer",
  "lose",
] as const;

export type Strike =
  | "hang"
  | "reset"
  | { readonly answer?: WireAnswer; readonly lostAfterBytes?: number }
  | undefined;

/** @throws AwsError, CallFailed for the faults that are answers of the API. */
export async function strikeInvoke(
  faults: FaultBook,
  resource: string,
  wait: (delayMs: number) => Promise<void>,
): Promise<Strike> {
  let lost: Strike;
  for (const fault of faults.strike(KINDS, "execute-api", "Invoke", resource)) {
    switch (fault.kind) {
      case "slow":
        await wait(fault.delayMs);
        break;
      case "hang":
      case "reset":
        return fault.kind;
      case "throttle":
        throw refusal("throttled", "execute-api");
      case "error500":
        throw new CallFailed("noAnswer");
      case "refuse":
        throw new AwsError(fault.code, fault.status, `Refused by a fault: ${fault.code}`);
      case "answer": {
        const { status, body, contentType } = fault;
        return { answer: { status, body, headers: { "content-type": contentType } } };
      }
      case "lose":
        lost = { lostAfterBytes: fault.afterBytes };
    }
  }
  return lost;
}
