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
  object_archived: "The object is archived, and must be restored before it can be read.",
  kms_key_unusable:
    "The KMS key that this is encrypted with is disabled, gone or of no use for it.",
  aws_throttled: "AWS is limiting requests; try again shortly.",
  credentials_unavailable: "There is no valid AWS session at the moment; try again shortly.",
  aws_timeout: "AWS did not answer in time.",
  aws_error: "AWS could not answer.",
} as const satisfies Partial<Record<ProblemCode, string>>;
export type AwsProblem = keyof typeof DETAILS;

/**
 * Names as the services document them: "Common Errors", S3's "List of error codes", the errors of each
 * operation of SSM, and of KMS as S3 passes them on. What is not here is an outage: such an answer
 * says neither that something is there nor that it is not.
 */
const NAMES: Readonly<Record<Exclude<AwsProblem, "aws_error">, string>> = {
  parameter_not_found: "ParameterNotFound ParameterVersionNotFound",
  bucket_not_found: "NoSuchBucket NoSuchAccessPoint",
  object_not_found: "NoSuchKey NoSuchVersion",
  precondition_failed: "PreconditionFailed",
  object_archived: "InvalidObjectState ObjectNotInActiveTierError",
  aws_rejected_request:
    "ValidationException ValidationError InvalidRequest InvalidArgument InvalidURI InvalidBucketName " +
    "InvalidBucketState InvalidAccessPointAliasError KeyTooLongError BadRequest MethodNotAllowed " +
    "NotImplemented UnsupportedOperation UserKeyMustBeSpecified InvalidEncryptionAlgorithmError " +
    "InvalidParameterCombination InvalidParameterValue InvalidFilterKey InvalidFilterOption " +
    "InvalidFilterValue",
  access_denied:
    "AccessDenied AccessDeniedException KMS.AccessDeniedException NotAuthorized UnauthorizedAccess " +
    "UnauthorizedAccessError AccountProblem AllAccessDisabled AccessPointNotOwnedByYou InvalidPayer " +
    "NotSignedUp OptInRequired RegionDisabledException",
  kms_key_unusable:
    "InvalidKeyId KMS.DisabledException KMS.NotFoundException KMS.KMSInvalidStateException " +
    "KMS.InvalidKeyUsageException KMS.IncorrectKeyException KMS.InvalidCiphertextException " +
    "KMS.InvalidGrantTokenException",
  aws_throttled:
    "Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException " +
    "RequestLimitExceeded LimitExceededException TooManyRequestsException BandwidthLimitExceeded " +
    "PriorRequestNotComplete SlowDown Busy ServiceUnavailable ServiceUnavailableException " +
    "KMS.ThrottlingException KMS.LimitExceededException",
  aws_timeout: "TimeoutError RequestTimeout RequestTimeoutException",
  credentials_unavailable:
    "CredentialsProviderError AuthFailure ExpiredToken ExpiredTokenException TokenRefreshRequired " +
    "InvalidToken InvalidIdentityToken InvalidIdentityTokenException IDPRejectedClaim " +
    "IDPRejectedClaimException InvalidAccessKeyId InvalidClientTokenId InvalidSecurity UnrecognizedClientException " +
    "MissingAuthenticationToken MissingAuthenticationTokenException MissingSecurityHeader " +
    "CredentialsNotSupported IncompleteSignature IncompleteSignatureException " +
    "InvalidSignatureException SignatureDoesNotMatch RequestExpired RequestInTheFuture " +
    "RequestTimeTooSkewed",
};
const BY_NAME: ReadonlyMap<string, AwsProblem> = new Map(
  Object.entries(NAMES).flatMap(([code, names]) =>
    names.split(" ").map((name) => [name, code as AwsProblem] as const),
  ),
);

/**
 * Those of `credentials_unavailable` that say: these credentials, as they are, are no good. A signature that
 * does not match is a matter of clocks or of what stands between.
 */
const REFUSED_CREDENTIALS = new Set(
  (
    "ExpiredToken ExpiredTokenException TokenRefreshRequired InvalidToken InvalidAccessKeyId " +
    "InvalidClientTokenId InvalidSecurity UnrecognizedClientException AuthFailure"
  ).split(" "),
);

/** Those that say: they are not known here. S3 says so too where a region is not enabled for the account. */
const UNKNOWN_CREDENTIALS = new Set(
  "InvalidToken InvalidAccessKeyId RegionDisabledException".split(" "),
);

/** What a status says by itself, of an answer without a name. */
const BY_STATUS: Readonly<Record<number, AwsProblem>> = {
  408: "aws_timeout",
  412: "precondition_failed",
  429: "aws_throttled",
  503: "aws_throttled",
  504: "aws_timeout",
};

/** Codes that end well when tried again in a second. */
const RETRY_AFTER: ReadonlySet<AwsProblem> = new Set(["aws_throttled", "credentials_unavailable"]);

export function translateAwsError(error: unknown): ProblemError {
  return error instanceof ProblemError ? error : awsProblem(codeOf(error), error);
}

/** The problem as every such answer of AWS is told. */
export function awsProblem(code: AwsProblem, cause?: unknown): ProblemError {
  return new ProblemError(code, DETAILS[code], {
    cause,
    ...(RETRY_AFTER.has(code) && { headers: { "retry-after": "1" } }),
  });
}

function codeOf(error: unknown): AwsProblem {
  if (error instanceof SessionUnavailableError) return "credentials_unavailable";
  if (error instanceof DeadlineExceededError) return "aws_timeout";
  if (!(error instanceof Error)) return "aws_error";
  // the SDK calls a broken connection a TimeoutError too
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code === "ETIMEDOUT" ? "aws_timeout" : "aws_error";
  return BY_NAME.get(error.name) ?? BY_STATUS[statusOf(error)] ?? "aws_error";
}

function statusOf(error: Error): number {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
}

/** AWS answered, but not as its API says: nothing can be concluded from that. */
export class UnusableAnswerError extends Error {
  /** @param what is missing, for the log; never a value. */
  constructor(what: string) {
    super(`an answer of AWS without ${what}`);
    this.name = "UnusableAnswerError";
  }
}

const OUTAGES: ReadonlySet<ProblemCode> = new Set([
  "aws_budget_exhausted",
  "aws_error",
  "aws_throttled",
  "aws_timeout",
  "credentials_unavailable",
  "list_unfinished",
  "overloaded",
]);

/** Whether a read may go well later: nothing was said of what is read, as a refusal would. */
export const isOutage = (problem: unknown): boolean =>
  problem instanceof ProblemError && OUTAGES.has(problem.code);

/** Whether AWS said that it does not take the credentials that the call was signed with. */
export const areCredentialsRefused = (problem: unknown): boolean =>
  problem instanceof ProblemError &&
  problem.code === "credentials_unavailable" &&
  REFUSED_CREDENTIALS.has(nameOfCause(problem));

/** Whether what was called said that it does not know the credentials: good ones too are unknown somewhere. */
export const areCredentialsUnknown = (error: unknown): boolean =>
  UNKNOWN_CREDENTIALS.has(nameOfCause(error));

const nameOfCause = (error: unknown): string => {
  const cause = error instanceof ProblemError ? error.cause : error;
  return cause instanceof Error ? cause.name : "";
};
