/** What API Gateway answers by itself, in front of the service: its words are for the log, never for a client. */
import type { IncomingHttpHeaders } from "node:http";

/** What API Gateway says of its own refusals, and aux never says. */
export const AWS_ERROR = "x-amzn-errortype";

export interface AwsRefusal {
  /** AWS's word, such as AccessDeniedException. */
  readonly errorType: string;
  /** For AWS's support, and its access log. */
  readonly awsRequestId: string | undefined;
}

const ERROR_TYPE = /^([A-Za-z]{1,64})(?::|$)/;
const REQUEST_ID = /^[A-Za-z0-9-]{1,64}$/;

/** @returns undefined for an answer of the service behind. */
export function awsRefusal(status: number, headers: IncomingHttpHeaders): AwsRefusal | undefined {
  const type = headers[AWS_ERROR];
  if (status < 400 || typeof type !== "string") return undefined;
  const id = headers["x-amzn-requestid"];
  return {
    // it may be followed by an address
    errorType: ERROR_TYPE.exec(type)?.[1] ?? "unreadable",
    awsRequestId: typeof id === "string" && REQUEST_ID.test(id) ? id : undefined,
  };
}

/** Words of AWS's that are a label of a metric by themselves; all others are `other`. */
const COUNTED: ReadonlySet<string> = new Set([
  "AccessDeniedException",
  "ExpiredTokenException",
  "ForbiddenException",
  "IncompleteSignatureException",
  "InternalServerErrorException",
  "InvalidSignatureException",
  "LimitExceededException",
  "MissingAuthenticationTokenException",
  "TooManyRequestsException",
  "UnrecognizedClientException",
]);

export const countedType = (errorType: string): string =>
  COUNTED.has(errorType) ? errorType : "other";
