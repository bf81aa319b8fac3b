/** The headers in an OpenAPI document, each told once for operations to refer to. No request is held to them. */
import {
  ANSWER_HEADERS,
  type AnswerHeader,
  type AnswerHeaderName,
  headersOfOperation,
  PROBLEMS,
  type ProblemCode,
  REQUEST_HEADERS,
  type RequestHeader,
} from "@airlock/contract";
import type { Header, OpenApiDocument, Parameter } from "./parts.ts";

/** Of whatever is answered by a service that counts requests; probes are not counted. */
const OF_COUNTED: readonly AnswerHeaderName[] = [
  "RateLimit-Limit",
  "RateLimit-Remaining",
  "RateLimit-Reset",
];

const OF_REFUSALS: Readonly<Record<number, readonly AnswerHeaderName[]>> = {
  401: ["WWW-Authenticate"],
  403: ["WWW-Authenticate"],
  416: ["Content-Range"],
  426: ["Upgrade"],
  429: ["Retry-After"],
  503: ["Retry-After"],
};

/** Changes the document in place, whose problems are shared already. */
export function tellHeaders(document: OpenApiDocument, isCounting: boolean): void {
  const { responses: problems = {} } = document.components ?? {};
  const parameters: Record<string, Parameter> = {};
  const headers: Record<string, Header> = {};
  const honoured = (name: RequestHeader): Parameter => {
    parameters[name] ??= parameterOf(name);
    return { $ref: `#/components/parameters/${name}` };
  };
  const ofCounted = isCounting ? OF_COUNTED : [];
  const sent = (names: readonly AnswerHeaderName[]): Record<string, Header> => {
    const told: Record<string, Header> = {};
    for (const name of [...names, "X-Request-Id"] as const) {
      headers[name] ??= headerOf(name);
      told[name] = { $ref: `#/components/headers/${name}` };
    }
    return told;
  };
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const ofAll = operation.tags?.[0] === "probes" ? [] : ofCounted;
      const { honours, sends } = headersOfOperation(`${method.toUpperCase()} ${path}`);
      if (honours.length > 0) {
        operation.parameters = [...(operation.parameters ?? []), ...honours.map(honoured)];
      }
      for (const [status, answer] of Object.entries(operation.responses)) {
        if (answer.$ref !== undefined || status === "101") continue;
        const own = sends.filter((name) => status === "206" || name !== "Content-Range");
        answer.headers = sent([...own, ...(OF_REFUSALS[Number(status)] ?? []), ...ofAll]);
      }
    }
  }
  for (const [code, answer] of Object.entries(problems)) {
    const [status] = PROBLEMS[code as ProblemCode];
    answer.headers = sent([...(OF_REFUSALS[status] ?? []), ...ofCounted]);
  }
  document.components = { ...document.components, parameters, headers };
}

const parameterOf = (name: RequestHeader): Parameter => ({
  name,
  in: "header",
  required: false,
  description: REQUEST_HEADERS[name],
  schema: { type: "string" },
});

function headerOf(name: AnswerHeaderName): Header {
  const { description, isCount = false, words }: AnswerHeader = ANSWER_HEADERS[name];
  if (isCount) return { description, schema: { type: "integer", minimum: 0, format: "int32" } };
  return { description, schema: { type: "string", ...(words && { enum: words }) } };
}
