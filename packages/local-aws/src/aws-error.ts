// An error as AWS answers it, and its rendering in the three wire formats.

import type { ServiceName } from "./operations.ts";
import type { WireAnswer } from "./wire.ts";
import { xmlDocument } from "./xml.ts";

const STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

/** Thrown by handlers; the exchange renders it for the service that was called. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further elements of an S3 error document (`Key`, `BucketName`, …) or members of a JSON one. */
  readonly details: Readonly<Record<string, string>>;
  /** Of the answer, beside its type. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    status: number,
    message: string,
    details: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "AwsError";
    this.code = code;
    this.status = status;
    this.details = details;
    this.headers = headers;
  }
}

/**
 * The answer for an error in the format of the service: XML for STS and S3, JSON 1.1 for SSM, and
 * JSON for STS where it was asked for.
 */
export function renderError(
  service: ServiceName,
  error: AwsError,
  at: { requestId: string; hostId: string; path: string; wantsJson: boolean },
): WireAnswer {
  if (service === "ssm") {
    // A few SSM errors, ParameterNotFound first among them, carry no message at all.
    const message = error.message === "" ? {} : { message: error.message };
    return {
      status: error.status,
      headers: { "content-type": "application/x-amz-json-1.1" },
      body: JSON.stringify({ __type: error.code, ...message, ...error.details }),
    };
  }
  if (service === "sts") return stsError(error, at);
  const body = xmlDocument("Error", {
    Code: error.code,
    Message: error.message,
    ...error.details,
    Resource: at.path,
    RequestId: at.requestId,
    HostId: at.hostId,
  });
  const headers = { "content-type": "application/xml", ...error.headers };
  return { status: error.status, headers, body };
}

function stsError(error: AwsError, at: { requestId: string; wantsJson: boolean }): WireAnswer {
  const { status, code: Code, message: Message } = error;
  const Type = status >= 500 ? "Receiver" : "Sender";
  const content = { Error: { Type, Code, Message }, RequestId: at.requestId };
  const [contentType, body] = at.wantsJson
    ? ["application/json", JSON.stringify(content)]
    : ["text/xml", xmlDocument("ErrorResponse", content, STS_NAMESPACE)];
  return { status, headers: { "content-type": contentType }, body };
}
