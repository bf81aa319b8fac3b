// How API Gateway words what it does not pass on.

import { AwsError } from "../aws-error.ts";
import type { WireAnswer } from "../wire.ts";

/** The answers that are nobody's signature or right, to the byte. */
const FAILURES = {
  tooLong: [413, "RequestEntityTooLarge", '{"message":"Request Too Long"}'],
  headersTooLong: [
    431,
    "RequestHeaderFieldsTooLarge",
    '{"message":"Request Header Fields Too Large"}',
  ],
  timedOut: [504, "InternalServerErrorException", '{"message": "Endpoint request timed out"}'],
  noAnswer: [502, "InternalServerErrorException", '{"message": "Internal server error"}'],
  noStage: [403, "ForbiddenException", '{"message":"Forbidden"}'],
} as const;

export type Failure = keyof typeof FAILURES;

/** Thrown where the call itself has failed. */
export class CallFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure);
    this.failure = failure;
  }
}

/** Undefined for what is a fault of the stand-in itself. */
export function refusedAnswer(error: unknown): WireAnswer | undefined {
  if (error instanceof CallFailed) {
    const [status, errorType, body] = FAILURES[error.failure];
    return answer(status, errorType, body);
  }
  if (!(error instanceof AwsError)) return undefined;
  // spelt so for a refusal by policy alone
  const member = error.code === "AccessDeniedException" ? "Message" : "message";
  return answer(error.status, error.code, JSON.stringify({ [member]: error.message }));
}

const answer = (status: number, errorType: string, body: string): WireAnswer => ({
  status,
  headers: { "content-type": "application/json", "x-amzn-errortype": errorType },
  body,
});
