/** AWS's errors → ours. No AWS name or text passes this file; the cause stays in the log. */
import { type ProblemCode, ProblemError } from "@airlock/contract";
import { DeadlineExceededError } from "./deadline.ts";
import { SessionUnavailableError } from "./session.ts";

const DETAILS = {
  parameter_not_found: "There is no parameter of this name.",
  bucket_not_found: "There is no bucket of this name.",
  object_not_found: "There is no object of this key.",
  precondition_failed: "The object is not as the conditions of the request want it.",
  aws_rejected_request: "AWS does not accept this request.",
  access_denied: "The role of this service may not do that.",
  aws_throttled: "AWS is limiting requests; try again shortly.",
  credentials_unavailable: "There is no valid AWS session at the moment; try again shortly.",
  aws_timeout: "AWS did not answer in time.",
  aws_error: "AWS could not answer.",
} as const satisfies Partial<Record<ProblemCode, string>>;
type AwsProblem = keyof typeof DETAILS;

/** Names as the services document them (Common Errors of STS, SSM and S3). */
const BY_NAME: Readonly<Record<string, AwsProblem>> = {
  ParameterNotFound: "parameter_not_found",
  ParameterVersionNotFound: "parameter_not_found",
  NoSuchBucket: "bucket_not_found",
  NoSuchKey: "object_not_found",
  NotFound: "object_not_found",
  PreconditionFailed: "precondition_failed",
  ValidationException: "aws_rejected_request",
  InvalidObjectState: "aws_rejected_request",
  InvalidRequest: "aws_rejected_request",
  InvalidURI: "aws_rejected_request",
  KeyTooLongError: "aws_rejected_request",
  AccessDenied: "access_denied",
  AccessDeniedException: "access_denied",
  AllAccessDisabled: "access_denied",
  Throttling: "aws_throttled",
  ThrottlingException: "aws_throttled",
  ThrottledException: "aws_throttled",
  TooManyRequestsException: "aws_throttled",
  RequestLimitExceeded: "aws_throttled",
  SlowDown: "aws_throttled",
  ServiceUnavailable: "aws_throttled",
  TimeoutError: "aws_timeout",
  RequestTimeout: "aws_timeout",
  CredentialsProviderError: "credentials_unavailable",
  ExpiredToken: "credentials_unavailable",
  ExpiredTokenException: "credentials_unavailable",
  InvalidAccessKeyId: "credentials_unavailable",
  InvalidClientTokenId: "credentials_unavailable",
  InvalidSignatureException: "credentials_unavailable",
  InvalidToken: "credentials_unavailable",
  RequestTimeTooSkewed: "credentials_unavailable",
  SignatureDoesNotMatch: "credentials_unavailable",
  UnrecognizedClientException: "credentials_unavailable",
};

/** S3 answers a HEAD without a body, and so without a name; the SDK calls such errors Unknown. */
const BY_STATUS: Readonly<Record<number, AwsProblem>> = {
  403: "access_denied",
  412: "precondition_failed",
  503: "aws_throttled",
};

/** Codes that end well when tried again in a second. */
const RETRY_AFTER: ReadonlySet<AwsProblem> = new Set(["aws_throttled", "credentials_unavailable"]);

export function translateAwsError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const code = codeOf(error);
  return new ProblemError(code, DETAILS[code], {
    cause: error,
    ...(RETRY_AFTER.has(code) && { headers: { "retry-after": "1" } }),
  });
}

function codeOf(error: unknown): AwsProblem {
  if (error instanceof SessionUnavailableError) return "credentials_unavailable";
  if (error instanceof DeadlineExceededError) return "aws_timeout";
  // the SDK calls a broken connection a TimeoutError too
  const { code } = error as { code?: unknown };
  if (code === "ECONNRESET" || code === "EPIPE") return "aws_error";
  if (!(error instanceof Error)) return "aws_error";
  if (error.name === "Unknown") return BY_STATUS[statusOf(error)] ?? "aws_error";
  return BY_NAME[error.name] ?? "aws_error";
}

function statusOf(error: Error): number {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
}

const OUTAGES: ReadonlySet<ProblemCode> = new Set([
  "aws_budget_exhausted",
  "aws_throttled",
  "aws_timeout",
  "credentials_unavailable",
  "overloaded",
]);

/** Whether a read may go well later: nothing was said of what is read, as a refusal would. */
export function isOutage(problem: unknown): boolean {
  if (!(problem instanceof ProblemError)) return false;
  if (problem.code !== "aws_error") return OUTAGES.has(problem.code);
  const status = problem.cause instanceof Error ? statusOf(problem.cause) : 0;
  return status < 400 || status >= 500;
}
