// The same refusal has another name and status in each service; this table holds them side by side.

import { AwsError } from "./aws-error.ts";
import type { ServiceName } from "./operations.ts";

/** Whoever checks signatures. */
export type Verifier = ServiceName | "execute-api";

type Row = readonly [code: string, status: number, message: string];
type Table = Readonly<Record<Verifier, Row>>;

const TOKEN_INVALID = "The security token included in the request is invalid.";
const TOKEN_EXPIRED = "The security token included in the request is expired";
const MISMATCH =
  "The request signature we calculated does not match the signature you provided. " +
  "Check your AWS Secret Access Key and signing method.";

const CONSULT = "Consult the service documentation for details.";
const INCOMPLETE = "The request signature does not conform to AWS standards.";

const REFUSALS = {
  unsigned: {
    sts: ["MissingAuthenticationToken", 403, "Request is missing Authentication Token"],
    s3: ["AccessDenied", 403, "Access Denied"],
    ssm: ["MissingAuthenticationTokenException", 400, "Missing Authentication Token"],
    "execute-api": ["MissingAuthenticationTokenException", 403, "Missing Authentication Token"],
  },
  incompleteSignature: {
    sts: ["IncompleteSignature", 400, INCOMPLETE],
    s3: [
      "AuthorizationHeaderMalformed",
      400,
      "The authorization header that you provided is not valid.",
    ],
    ssm: ["IncompleteSignatureException", 400, INCOMPLETE],
    "execute-api": ["IncompleteSignatureException", 403, INCOMPLETE],
  },
  unknownAccessKey: {
    sts: ["InvalidClientTokenId", 403, TOKEN_INVALID],
    s3: [
      "InvalidAccessKeyId",
      403,
      "The AWS Access Key Id you provided does not exist in our records.",
    ],
    ssm: ["UnrecognizedClientException", 400, TOKEN_INVALID],
    "execute-api": ["UnrecognizedClientException", 403, TOKEN_INVALID],
  },
  invalidToken: {
    sts: ["InvalidClientTokenId", 403, TOKEN_INVALID],
    s3: ["InvalidToken", 400, "The provided token is malformed or otherwise invalid."],
    ssm: ["UnrecognizedClientException", 400, TOKEN_INVALID],
    "execute-api": ["UnrecognizedClientException", 403, TOKEN_INVALID],
  },
  expiredToken: {
    sts: ["ExpiredToken", 403, TOKEN_EXPIRED],
    s3: ["ExpiredToken", 400, "The provided token has expired."],
    ssm: ["ExpiredTokenException", 400, TOKEN_EXPIRED],
    "execute-api": ["ExpiredTokenException", 403, TOKEN_EXPIRED],
  },
  signatureMismatch: {
    sts: ["SignatureDoesNotMatch", 403, MISMATCH],
    s3: ["SignatureDoesNotMatch", 403, MISMATCH],
    ssm: ["InvalidSignatureException", 400, MISMATCH],
    "execute-api": ["InvalidSignatureException", 403, `${MISMATCH} ${CONSULT}`],
  },
  clockSkew: {
    sts: ["SignatureDoesNotMatch", 403, "Signature expired"],
    s3: [
      "RequestTimeTooSkewed",
      403,
      "The difference between the request time and the current time is too large.",
    ],
    ssm: ["InvalidSignatureException", 400, "Signature expired"],
    "execute-api": ["InvalidSignatureException", 403, "Signature expired"],
  },
  accessDenied: {
    sts: ["AccessDenied", 403, "Access Denied"],
    s3: ["AccessDenied", 403, "Access Denied"],
    ssm: ["AccessDeniedException", 400, "Access Denied"],
    "execute-api": ["AccessDeniedException", 403, "Access Denied"],
  },
  throttled: {
    sts: ["Throttling", 400, "Rate exceeded"],
    s3: ["SlowDown", 503, "Please reduce your request rate."],
    ssm: ["ThrottlingException", 400, "Rate exceeded"],
    "execute-api": ["TooManyRequestsException", 429, "Too Many Requests"],
  },
  internal: {
    sts: ["InternalFailure", 500, "We encountered an internal error. Please try again."],
    s3: ["InternalError", 500, "We encountered an internal error. Please try again."],
    ssm: ["InternalServerError", 500, "An error occurred on the server side."],
    "execute-api": ["InternalServerErrorException", 500, "Internal server error"],
  },
  unknownOperation: {
    sts: ["InvalidAction", 400, "Could not find operation for version 2011-06-15"],
    s3: [
      "NotImplemented",
      501,
      "A header you provided implies functionality that is not implemented.",
    ],
    ssm: ["UnknownOperationException", 400, ""],
    "execute-api": ["MissingAuthenticationTokenException", 403, "Missing Authentication Token"],
  },
} as const satisfies Record<string, Table>;

/** Makes the error a service answers for one kind of refusal; the message may be made more exact. */
export function refusal(
  kind: keyof typeof REFUSALS,
  service: Verifier,
  message?: string,
  details: Readonly<Record<string, string>> = {},
): AwsError {
  const [code, status, usual] = REFUSALS[kind][service];
  return new AwsError(code, status, message ?? usual, details);
}
