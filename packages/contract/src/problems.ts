/** Every error code there is, with its status and title. Described for people in docs/errors.md. */

export const PROBLEMS = {
  bad_request: [400, "Bad Request"],
  invalid_parameter_name: [400, "Invalid parameter name"],
  invalid_host: [400, "Invalid Host header"],
  aws_rejected_request: [400, "AWS rejected the request"],
  unauthenticated: [401, "Unauthenticated"],
  access_denied: [403, "Access denied"],
  wrong_principal: [403, "Wrong principal"],
  not_found: [404, "Not Found"],
  parameter_not_found: [404, "Parameter not found"],
  method_not_allowed: [405, "Method Not Allowed"],
  request_timeout: [408, "Request Timeout"],
  content_too_large: [413, "Content Too Large"],
  uri_too_long: [414, "URI Too Long"],
  unsupported_media_type: [415, "Unsupported Media Type"],
  expectation_failed: [417, "Expectation Failed"],
  misdirected_request: [421, "Misdirected Request"],
  rate_limited: [429, "Too Many Requests"],
  header_fields_too_large: [431, "Request Header Fields Too Large"],
  internal_error: [500, "Internal Server Error"],
  aws_error: [502, "AWS failed"],
  upstream_protocol_error: [502, "Upstream broke the protocol"],
  aws_throttled: [503, "AWS is throttling"],
  credentials_unavailable: [503, "No AWS session"],
  identity_unavailable: [503, "Identity cannot be checked"],
  overloaded: [503, "Overloaded"],
  upstream_unavailable: [503, "Upstream unavailable"],
  aws_timeout: [504, "AWS too slow"],
  upstream_timeout: [504, "Upstream too slow"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The `type` member of a problem document: a name, not an address. */
export const problemType = (code: ProblemCode): string => `urn:airlock:problem:${code}`;

export interface ProblemOptions {
  /** Sent with the answer, e.g. `retry-after` or `allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only; never leaves the process. */
  readonly cause?: unknown;
}

/**
 * What handlers throw. `detail` goes to the client, so it names what the client sent or should do
 * and never a cause inside. Rendered as RFC 9457 by packages/http.
 */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = "ProblemError";
    this.code = code;
    [this.status, this.title] = PROBLEMS[code];
    this.headers = options.headers ?? {};
  }
}
