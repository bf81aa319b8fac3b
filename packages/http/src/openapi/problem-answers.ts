/** The problems in an OpenAPI document: one answer for each code, which operations refer to. */
import { headersOfOperation, PROBLEMS, type ProblemCode, problemType } from "@airlock/contract";
import { DESCRIPTIONS } from "../problem-responses.ts";
import type { Answer, OpenApiDocument, Operation } from "./parts.ts";

/** What shows a status where nothing is nearer. */
const USUAL: Readonly<Record<number, ProblemCode>> = {
  400: "bad_request",
  401: "unauthenticated",
  403: "access_denied",
  404: "not_found",
  408: "request_timeout",
  409: "job_not_active",
  410: "disk_deleted",
  412: "precondition_failed",
  413: "content_too_large",
  414: "uri_too_long",
  415: "unsupported_media_type",
  416: "range_not_satisfiable",
  417: "expectation_failed",
  421: "misdirected_request",
  422: "invalid_body",
  426: "upgrade_required",
  429: "rate_limited",
  431: "header_fields_too_large",
  500: "internal_error",
  502: "upstream_protocol_error",
  503: "overloaded",
  504: "upstream_timeout",
};

const OF_PARAMETERS = {
  403: "policy_denied",
  404: "parameter_not_found",
  409: "kms_key_unusable",
} as const;
const OF_OBJECTS = {
  403: "policy_denied",
  404: "object_not_found",
  409: "object_archived",
} as const;
const OF_KEYS = { 401: "api_key_unknown", 403: "api_key_expired" } as const;
const OF_AWS = { 502: "aws_error", 504: "aws_timeout" } as const;

/** The nearer ones, by the tag of the operation. */
const BY_TAG: Readonly<Record<string, Readonly<Record<number, ProblemCode>>>> = {
  config: OF_PARAMETERS,
  parameters: { ...OF_PARAMETERS, ...OF_AWS },
  storage: OF_OBJECTS,
  s3: { ...OF_OBJECTS, ...OF_AWS },
  auth: { 401: "invalid_challenge", 403: "wrong_principal", 503: "identity_unavailable" },
  keys: { ...OF_KEYS, 404: "api_key_not_found", 409: "answer_not_repeatable" },
  jobs: { ...OF_KEYS, 404: "job_not_found" },
  disks: { ...OF_KEYS, 404: "disk_not_found", 409: "disk_in_use" },
  cluster: OF_KEYS,
  admin: { 401: "api_key_unknown", 403: "admin_only", 404: "user_not_found", 409: "own_user" },
  internal: { 404: "job_not_found" },
};

const OF_NO_BODY: Readonly<Record<number, ProblemCode>> = { 422: "idempotency_key_reused" };

/** What any request may be answered, whatever it asks for. */
const OF_EVERY_REQUEST = [400, 408, 413, 414, 417, 421, 429, 431, 500, 503];
const REQUEST_ID = "5b1c1f64-7a3d-4c1e-9b62-0f5a6f1f2c11";

const isProblem = ({ content }: Answer): boolean =>
  content?.["application/problem+json"] !== undefined;

/** Puts references in place of the problems of all operations, with those that no route declares. */
export function shareProblems(document: OpenApiDocument): void {
  const shared: Record<string, Answer> = {};
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      shareOf(operation, ofGuards(method, path, operation), shared);
    }
  }
  document.components = { ...document.components, responses: shared };
}

/** What is refused before a route is asked, or beside it: routes declare the rest. */
function ofGuards(
  method: string,
  path: string,
  { security = [], requestBody }: Operation,
): number[] {
  const isAsked = security.length > 0 && security.every((way) => Object.keys(way).length > 0);
  const { honours } = headersOfOperation(`${method.toUpperCase()} ${path}`);
  return [
    ...OF_EVERY_REQUEST,
    ...(isAsked ? [401, 403] : []),
    // a body that nobody wants is dropped, whatever it is
    ...(requestBody ? [415] : []),
    ...(honours.includes("Idempotency-Key") ? [422] : []),
  ];
}

function shareOf(
  operation: Operation,
  ofGuards: readonly number[],
  shared: Record<string, Answer>,
): void {
  const [tag = ""] = operation.tags ?? [];
  if (tag === "probes") return; // never refused
  const own = Object.keys(operation.responses).filter((status) => {
    const answer = operation.responses[status];
    return answer !== undefined && isProblem(answer);
  });
  const ofBody = operation.requestBody ? {} : OF_NO_BODY;
  const near: typeof USUAL = { ...USUAL, ...BY_TAG[tag], ...ofBody };
  for (const status of new Set([...own.map(Number), ...ofGuards])) {
    const code = near[status];
    if (code === undefined) throw new Error(`no problem shows status ${status}`);
    shared[code] ??= answerOf(code);
    operation.responses[status] = { $ref: `#/components/responses/${code}` };
  }
}

function answerOf(code: ProblemCode): Answer {
  const [status, title] = PROBLEMS[code];
  const description = DESCRIPTIONS[status] ?? title;
  const example = {
    type: problemType(code),
    title,
    status,
    detail: description,
    instance: `urn:request:${REQUEST_ID}`,
    code,
    request_id: REQUEST_ID,
  };
  const schema = { $ref: "#/components/schemas/Problem" };
  return { description, content: { "application/problem+json": { schema, example } } };
}
