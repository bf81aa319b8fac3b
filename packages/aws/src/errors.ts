/** AWS's errors → ours. No AWS name or text passes this file; the cause stays in the log. */
import { type ProblemCode, ProblemError } from "@airlock/contract";
import { DeadlineExceededError } from "./deadline.ts";
import { SessionUnavailableError } from "./session.ts";

const DETAILS = {
  parameter_not_found: "There is no parameter of this name.",
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
  ValidationException: "aws_rejected_request",
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
  return (error instanceof Error ? BY_NAME[error.name] : undefined) ?? "aws_error";
}
