/** Every error code there is, with its status and title. Described for people in docs/errors.md. */

/** Between the services: the percent-encoded body that a refused HEAD would have had as a GET. */
export const PROBLEM_HEADER = "x-airlock-problem";

export const PROBLEMS = {
  bad_request: [400, "Bad Request"],
  upstream_rejected: [400, "Rejected by the service behind"],
  invalid_parameter_name: [400, "Invalid parameter name"],
  invalid_bucket_name: [400, "Invalid bucket name"],
  invalid_object_key: [400, "Invalid object key"],
  invalid_cursor: [400, "Invalid cursor"],
  invalid_disk_name: [400, "Invalid disk name"],
  invalid_idempotency_key: [400, "Invalid Idempotency-Key"],
  invalid_host: [400, "Invalid Host header"],
  aws_rejected_request: [400, "AWS rejected the request"],
  unauthenticated: [401, "Unauthenticated"],
  api_key_missing: [401, "No API key"],
  api_key_malformed: [401, "Not an API key"],
  api_key_unknown: [401, "Unknown API key"],
  invalid_challenge: [401, "Invalid login challenge"],
  access_denied: [403, "Access denied"],
  api_key_expired: [403, "API key expired"],
  api_key_revoked: [403, "API key revoked"],
  api_key_disabled: [403, "User disabled"],
  api_key_wrong_role: [403, "Wrong role"],
  raw_login_off: [403, "Raw login is off"],
  wrong_principal: [403, "Wrong principal"],
  admin_only: [403, "For operators only"],
  policy_denied: [403, "Denied by policy"],
  port_not_declared: [403, "Port not declared"],
  not_found: [404, "Not Found"],
  parameter_not_found: [404, "Parameter not found"],
  bucket_not_found: [404, "Bucket not found"],
  object_not_found: [404, "Object not found"],
  job_not_found: [404, "Job not found"],
  disk_not_found: [404, "Disk not found"],
  snapshot_not_found: [404, "Snapshot not found"],
  operation_not_found: [404, "Operation not found"],
  api_key_not_found: [404, "API key not found"],
  user_not_found: [404, "User not found"],
  duty_not_found: [404, "Duty not found"],
  orphan_not_found: [404, "Orphan not found"],
  quota_not_found: [404, "Quota not found"],
  cordon_not_found: [404, "Cordon not found"],
  node_not_found: [404, "Node not found"],
  method_not_allowed: [405, "Method Not Allowed"],
  request_timeout: [408, "Request Timeout"],
  object_archived: [409, "Object archived"],
  kms_key_unusable: [409, "KMS key cannot be used"],
  job_id_taken: [409, "Job id taken"],
  job_id_ambiguous: [409, "Ambiguous job id"],
  job_ended: [409, "Job has ended"],
  job_not_active: [409, "Job is not active"],
  port_closed: [409, "Nothing listens on the port"],
  disk_exists: [409, "Disk exists"],
  disk_in_use: [409, "Disk in use"],
  disk_not_deleted: [409, "Disk not deleted"],
  disk_not_ready: [409, "Disk not ready"],
  disk_changing: [409, "Disk is changing"],
  snapshot_not_ready: [409, "Snapshot not ready"],
  user_mismatch: [409, "Another user"],
  user_deleting: [409, "User is being deleted"],
  own_user: [409, "That is you"],
  quota_exceeded: [409, "Quota exceeded"],
  answer_not_repeatable: [409, "Answer is not repeated"],
  disk_deleted: [410, "Disk deleted"],
  precondition_failed: [412, "Precondition Failed"],
  content_too_large: [413, "Content Too Large"],
  uri_too_long: [414, "URI Too Long"],
  unsupported_media_type: [415, "Unsupported Media Type"],
  range_not_satisfiable: [416, "Range Not Satisfiable"],
  expectation_failed: [417, "Expectation Failed"],
  misdirected_request: [421, "Misdirected Request"],
  invalid_body: [422, "Invalid body"],
  disk_cannot_shrink: [422, "Disk cannot shrink"],
  gpu_type_unknown: [422, "Unknown GPU type"],
  gpu_type_mismatch: [422, "GPU type and instance type contradict"],
  idempotency_key_reused: [422, "Idempotency-Key reused"],
  upgrade_required: [426, "Upgrade Required"],
  rate_limited: [429, "Too Many Requests"],
  too_many_at_once: [429, "Too many at once"],
  header_fields_too_large: [431, "Request Header Fields Too Large"],
  internal_error: [500, "Internal Server Error"],
  aws_error: [502, "AWS failed"],
  upstream_protocol_error: [502, "Upstream broke the protocol"],
  aws_budget_exhausted: [503, "AWS budget used up"],
  aws_throttled: [503, "AWS is throttling"],
  credentials_unavailable: [503, "No AWS session"],
  database_unavailable: [503, "Database unavailable"],
  list_unfinished: [503, "List unfinished"],
  identity_unavailable: [503, "Identity cannot be checked"],
  keys_unavailable: [503, "API keys cannot be checked"],
  overloaded: [503, "Overloaded"],
  upstream_unavailable: [503, "Upstream unavailable"],
  aws_timeout: [504, "AWS too slow"],
  upstream_timeout: [504, "Upstream too slow"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The `type` member of a problem document: a name, not an address. */
export const problemType = (code: string): string => `urn:airlock:problem:${code}`;

export interface ProblemOptions {
  /** Sent with the answer, e.g. `retry-after` or `allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the code's own: of `upstream_rejected` it is the one that was given. */
  readonly status?: number;
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
    if (options.status) this.status = options.status;
    this.headers = options.headers ?? {};
  }
}
