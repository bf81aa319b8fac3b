// Lets the faults that are on hit a call before anything else looks at it.

import { AwsError } from "../aws-error.ts";
import type { ServiceName } from "../operations.ts";
import { refusal } from "../refusals.ts";
import type { WireAnswer } from "../wire.ts";
import { badIdentityAnswer } from "./bad-identity-answer.ts";
import type { FaultBook, FaultOf, RateKind } from "./fault-book.ts";

/** What becomes of the call: it goes on, its socket is destroyed, it is never or strangely answered. */
export type Outcome = "go on" | "reset" | "hang" | WireAnswer;

const KINDS = [
  "throttle",
  "error500",
  "slowDown",
  "hang",
  "slow",
  "reset",
  "stsDown",
  "badIdentity",
  "refuse",
  "answer",
] as const;
/** The limit that an operation of SSM counts for. */
const RATE_OF: Readonly<Record<string, RateKind>> = {
  GetParameter: "sharedRate",
  GetParameters: "sharedRate",
  GetParametersByPath: "sharedRate",
  DescribeParameters: "describeRate",
};

/**
 * Applies the faults in the order they were set: `slow` delays and lets pass, the first of the others ends the
 * call. `wait` sleeps. Throws AwsError for the faults that are answers.
 */
export async function strikeCall(
  faults: FaultBook,
  call: { service: ServiceName; operation: string; resource: string | undefined; nowMs: number },
  wait: (delayMs: number) => Promise<void>,
): Promise<Outcome> {
  for (const fault of faults.strike(KINDS, call.service, call.operation, call.resource)) {
    switch (fault.kind) {
      case "slow":
        await wait(fault.delayMs);
        break;
      case "hang":
        return "hang";
      case "reset":
        return "reset";
      case "stsDown":
        if (fault.how === "reset") return "reset";
        throw new AwsError("ServiceUnavailable", 503, "Service Unavailable");
      case "badIdentity":
        return badIdentityAnswer(fault.how);
      case "refuse":
        throw new AwsError(fault.code, fault.status, `Refused by a fault: ${fault.code}`);
      case "answer":
        return foreignAnswer(fault);
      case "error500":
        throw refusal("internal", call.service);
      case "throttle":
      case "slowDown":
        throw refusal("throttled", call.service);
    }
  }
  const rate = call.service === "ssm" ? RATE_OF[call.operation] : undefined;
  if (rate && !faults.takeOf(rate, call.nowMs)) throw refusal("throttled", "ssm");
  return "go on";
}

/** As something between the client and AWS would answer: without a header of AWS's. */
const foreignAnswer = ({ status, body, contentType }: FaultOf<"answer">): WireAnswer => ({
  status,
  headers: { "content-type": contentType },
  body,
  isForeign: true,
});
